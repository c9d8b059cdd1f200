using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using FastKsm.Cli;
using FastKsm.Cli.Conformance;
using FastKsm.Cli.Conformance.Generation;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Printing;
using FastKsm.Tests.Scripting;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Random scripts of every shape, and scripts that need swap or migration, on the engine and on the running kernel.</summary>
/// <remarks>FASTKSM_CONFORM=N compares N of them, FASTKSM_SEED=S begins with another seed.</remarks>
[Collection("host's KSM")]
public sealed class LiveConformanceTests(ITestOutputHelper output)
{
    private const int DefaultScripts = 27;
    private const ulong DefaultSeed = 1;

    [Fact]
    public void Compare_RandomScripts_AgreeWithTheKernel()
    {
        using HostKsmUse use = HostKsmUse.Begin();
        using KernelSession session = KernelSession.Begin(unmergeOthers: false, CancellationToken.None);
        int count = Variable("FASTKSM_CONFORM", DefaultScripts);
        ulong first = Variable("FASTKSM_SEED", DefaultSeed);
        List<ComparisonResult> results = [];

        for (int i = 0; i < count; i++)
        {
            GeneratorProfile profile = GeneratorProfile.All[i % GeneratorProfile.All.Count];
            ulong seed = first + (ulong)i;
            RandomConformance random = new(
                () => ConformanceSides.Create([ScannerIndex.Tree, ScannerIndex.Fingerprint], session), profile);
            ComparisonResult result = random.Compare(seed);

            // Inconclusive: somebody else used the host's KSM meanwhile, or it had no huge page to give.
            Assert.True(result.Outcome is ComparisonOutcome.Agrees or ComparisonOutcome.Inconclusive, Describe(profile, seed, result));
            if (result.Outcome == ComparisonOutcome.Agrees)
            {
                results.Add(result);
            }
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"counts: {count} random scripts (seeds {first} on) compared with the kernel, {results.Count} agree, {count - results.Count} were disturbed, {results.Sum(result => result.Scans)} scans, {results.Sum(result => result.Compared)} values"));
        Assert.True(results.Count > count / 2, $"Only {results.Count} of {count} scripts could be compared.");
        Assert.All(results, result => Assert.True(result.Scans > 0, "A script that scans nothing compares nothing."));
    }

    /// <summary>Rows about pages that are paged out or migrated: with swap for the test, and frames that the kernel's compaction moves.</summary>
    [Theory]
    [InlineData("ksm/097-moved-page-paged-out.ksm")]
    [InlineData("ksm/097b-moved-page-split-and-paged-out.ksm")]
    [InlineData("ksm/097c-moved-within-its-mapping.ksm")]
    [InlineData("ksm/097d-moved-page-migrated.ksm")]
    [InlineData("ksm/097e-moved-page-split-and-migrated.ksm")]
    [InlineData("ksm/097f-moved-page-forked-and-migrated.ksm")]
    [InlineData("rmap/C63-moved-merged-paged-out.ksm")]
    [InlineData("rmap/C68-merged-in-a-dead-parent.ksm")]
    public void Compare_PagesOutOrMigrates_AgreesWithTheKernel(string file)
    {
        const ulong SwapBytes = 16 << 20;
        using HostKsmUse use = HostKsmUse.Begin();
        using KernelSession session = KernelSession.Begin(unmergeOthers: false, CancellationToken.None);
        try
        {
            session.BeginSwap(SwapBytes);
        }
        catch (ToolException exception)
        {
            Assert.Skip($"needs a host that can be given swap: {exception.Message}");
        }

        ComparisonResult result =
            ScriptConformance.Compare(ScriptFiles.Read(file), [ScannerIndex.Tree, ScannerIndex.Fingerprint], session);

        Assert.SkipWhen(
            result.Outcome == ComparisonOutcome.Skipped && result.Reason.Contains("migrate: ", StringComparison.Ordinal),
            $"needs a kernel whose compaction moves a given frame: {result.Reason}");
        Assert.SkipWhen(
            result.Outcome == ComparisonOutcome.Inconclusive, $"needs a host whose KSM may be used: {result.Reason}");
        Assert.True(result.Outcome == ComparisonOutcome.Agrees, Describe(file, result));
        Assert.Empty(result.SkippedChecks);
    }

    private static T Variable<T>(string name, T otherwise)
        where T : struct, IParsable<T> =>
        T.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out T value) ? value : otherwise;

    private static string Describe(GeneratorProfile profile, ulong seed, ComparisonResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        {Describe($"--random 1 --seed {seed} --profile {profile.Name}", result)}
        {ScriptPrinter.Print(ScriptGenerator.Generate(seed, profile).Operations)}
        """);

    private static string Describe(string arguments, ComparisonResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        conform {arguments}: {result.Outcome} {result.Reason} after line {result.Position.Line}, {result.Operation}:
        {string.Join('\n', result.Differences.Select(difference => $"{difference.What}: {string.Join(" | ", difference.Values)}"))}
        """);
}
