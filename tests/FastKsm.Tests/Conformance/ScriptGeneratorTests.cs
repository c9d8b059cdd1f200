using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Conformance;
using FastKsm.Cli.Conformance.Generation;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>The scripts that <c>fastksm conform --random</c> makes.</summary>
public sealed class ScriptGeneratorTests
{
    // What one of the sides cannot do, or what only looks: README.md beside the generator.
    private static readonly HashSet<Type> s_leftOut =
    [
        typeof(Operation.Break), typeof(Operation.Synchronise), typeof(Operation.UserFault), typeof(Operation.Idle),
        typeof(Operation.Thread), typeof(Operation.Print),
        typeof(Operation.AdvisorCpu), typeof(Operation.Migrate), typeof(Operation.PageOut), typeof(Operation.Reclaim),
        typeof(Operation.Limit), typeof(Operation.SwapOn), typeof(Operation.SwapOff), typeof(Operation.Offline),
        typeof(Operation.Online), typeof(Operation.ExpectError), typeof(Operation.RememberFrame),
    ];

    public static TheoryData<string> Profiles => [.. GeneratorProfile.All.Select(profile => profile.Name)];

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Generate_SameSeed_SameScript(string profile)
    {
        GeneratorProfile shape = GeneratorProfile.Find(profile)!;

        Assert.Equal(Text(7, shape), Text(7, shape));
        Assert.NotEqual(Text(7, shape), Text(8, shape), StringComparer.Ordinal);
    }

    [Fact]
    public void Generate_WithoutAProfile_DrawsEveryOne()
    {
        HashSet<string> drawn = [.. Enumerable.Range(1, 200).Select(seed => Text((ulong)seed, null))];

        foreach (GeneratorProfile profile in GeneratorProfile.All)
        {
            Assert.Contains(Enumerable.Range(1, 200), seed => drawn.Contains(Text((ulong)seed, profile)));
        }
    }

    [Fact]
    public void Generate_ManySeeds_UsesEveryOperationThatBothSidesPerform()
    {
        IEnumerable<Type> all = typeof(Operation).GetNestedTypes()
            .Where(type => !type.IsAbstract && !type.Name.StartsWith("Expect", StringComparison.Ordinal));
        HashSet<Type> used = [];
        HashSet<PinKind> pins = [];
        for (ulong seed = 1; seed <= 300; seed++)
        {
            foreach (Operation operation in ScriptGenerator.Generate(seed).Operations)
            {
                _ = used.Add(operation.GetType());
                if (operation is Operation.Pin pin)
                {
                    _ = pins.Add(pin.Kind);
                }
            }
        }

        Assert.Empty(all.Except(s_leftOut).Except(used));
        Assert.Empty(s_leftOut.Intersect(used));
        Assert.Equal(3, pins.Count);
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Compare_RandomScripts_IndexesAgree(string profile)
    {
        RandomConformance random = new(
            () => [ConformanceSide.Engine(ScannerIndex.Tree), ConformanceSide.Engine(ScannerIndex.Fingerprint)],
            GeneratorProfile.Find(profile));

        // A script of the long profile takes as much time as several others.
        ulong seeds = profile is "long" or "huge" ? 10UL : 25;
        for (ulong seed = 1; seed <= seeds; seed++)
        {
            ComparisonResult result = random.Compare(seed);

            // Where pages change between two batches of a scan they may part; then the comparison ends and says so.
            Assert.True(
                result.Outcome == ComparisonOutcome.Agrees || (result.Outcome == ComparisonOutcome.Inconclusive && profile is "within"),
                $"profile {profile}, seed {seed}: {result.Outcome} {result.Reason}: "
                + string.Join("; ", result.Differences.Select(difference => $"{difference.What}: {string.Join(" | ", difference.Values)}")));
        }
    }

    private static string Text(ulong seed, GeneratorProfile? profile) =>
        ScriptPrinter.Print(ScriptGenerator.Generate(seed, profile).Operations);
}
