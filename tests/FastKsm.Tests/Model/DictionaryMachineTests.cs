using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using FastKsm.Tests.TestKit;
using Xunit;
using Xunit.Sdk;

namespace FastKsm.Tests.Model;

/// <summary>Long random scripts on the machine and on a dictionary of pages: close to a million operations in all.</summary>
public sealed class DictionaryMachineTests(ITestOutputHelper output)
{
    private const long Plenty = 6000;
    private const long TooFew = 70;

    // FASTKSM_MODEL=N: N scripts in each row, for a longer search; with FASTKSM_SEED, from that seed on.
    private static readonly int? s_cases =
        int.TryParse(Environment.GetEnvironmentVariable("FASTKSM_MODEL"), CultureInfo.InvariantCulture, out int cases) ? cases : null;

    private readonly Dictionary<string, long> _done = [];
    private readonly Lock _gate = new();

    [Theory]
    [InlineData(MergeIndexKind.ContentTree, Plenty, 0)]
    [InlineData(MergeIndexKind.Fingerprint, Plenty, 1000)]
    [InlineData(MergeIndexKind.Fingerprint, TooFew, 2000)]
    public void RandomScripts_CheckedAfterEachOperation_ShowTheSameAsADictionary(MergeIndexKind index, long frames, int firstSeed) =>
        Check(index, frames, checkEvery: 1, cases: 8, length: 2000, firstSeed);

    [Theory]
    [InlineData(MergeIndexKind.ContentTree, 3000)]
    [InlineData(MergeIndexKind.Fingerprint, 4000)]
    public void RandomScripts_Long_ShowTheSameAsADictionary(MergeIndexKind index, int firstSeed) =>
        Check(index, Plenty, checkEvery: 64, cases: 10, length: 20_000, firstSeed);

    [Theory]
    [InlineData(MergeIndexKind.ContentTree, 5000)]
    [InlineData(MergeIndexKind.Fingerprint, 6000)]
    public void RandomScripts_TooFewFrames_ShowTheSameAsADictionary(MergeIndexKind index, int firstSeed)
    {
        Check(index, TooFew, checkEvery: 32, cases: 8, length: 20_000, firstSeed);
        Assert.InRange(_done["out of frames"], _done["operations"] / 100, _done["operations"] / 3);
    }

    /// <summary>Machines whose reads of untouched memory take frames.</summary>
    [Theory]
    [InlineData(MergeIndexKind.ContentTree, Plenty, 8000)]
    [InlineData(MergeIndexKind.Fingerprint, Plenty, 9000)]
    [InlineData(MergeIndexKind.Fingerprint, TooFew, 10_000)]
    public void RandomScripts_NoZeroFrames_ShowTheSameAsADictionary(MergeIndexKind index, long frames, int firstSeed) =>
        Check(index, frames, checkEvery: 8, cases: 4, length: 6000, firstSeed, zeroFrames: false);

    [Theory]
    [InlineData(ModelFlaw.NothingIsWipedOnFork, 5)]
    [InlineData(ModelFlaw.NoZeroPages, 5)]
    public void RandomScripts_FlawedModel_AreShrunkToAFewOperations(ModelFlaw flaw, int most)
    {
        void Check(ModelOp[] script) => Run(script, MergeIndexKind.Fingerprint, Plenty, checkEvery: 8, log: null, flaw);
        string message = Assert.Throws<XunitException>(() => Property.ForSeeds(
            7000, 4, ModelOp.Random, Check, length: 3000, op => op.Simpler(), explain: null)).Message;
        output.WriteLine(message);

        Match report = Regex.Match(message, "^FASTKSM_SEED=(?<seed>[0-9]+) fails after shrinking 3000 operations to (?<length>[0-9]+):", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        Assert.True(report.Success, message);
        Assert.InRange(int.Parse(report.Groups["length"].ValueSpan, CultureInfo.InvariantCulture), 2, most);

        // The seed alone says which script it was.
        int seed = int.Parse(report.Groups["seed"].ValueSpan, CultureInfo.InvariantCulture);
        _ = Assert.Throws<XunitException>(() => Property.ForSeeds(
            seed, 1, ModelOp.Random, Check, length: 3000, simplify: null, explain: null));
    }

    private void Check(
        MergeIndexKind index, long frames, int checkEvery, int cases, int length, int firstSeed, bool zeroFrames = true)
    {
        Property.ForAllScripts(
            ModelOp.Random,
            script => Run(script, index, frames, checkEvery, log: null, zeroFrames: zeroFrames),
            s_cases ?? cases,
            length,
            op => op.Simpler(),
            script =>
            {
                List<string> lines = [];
                _ = Record.Exception(() => Run(script, index, frames, checkEvery: 1, lines.Add, zeroFrames: zeroFrames));
                return lines;
            },
            firstSeed,
            replays: s_cases ?? 1);
        output.WriteLine(string.Join(", ", _done.Select(entry => $"{entry.Key} {entry.Value}")));

        // Operations that are refused, and kinds that hardly occur, would show little. One seed alone may be poor in some.
        long operations = _done["operations"];
        if (operations >= 10_000)
        {
            Assert.True(Enum.GetValues<ModelOpKind>().Sum(kind => _done.GetValueOrDefault($"{kind}")) >= operations * 0.7, "Too much is refused.");
            Assert.All(Enum.GetValues<ModelOpKind>(), kind => Assert.True(
                _done.GetValueOrDefault($"{kind}") >= operations / 2000, $"{kind} occurs {_done.GetValueOrDefault($"{kind}")} times."));
            Assert.True(_done["scans that left something merged"] >= operations / 20, "Too little merges.");
            Assert.True(_done["steady states predicted"] >= operations / 1000, "Too few steady states.");
            Assert.True(_done["scans predicted"] >= operations / 200, "Too few scans are predicted.");
            Assert.True(_done["merged frames moved"] >= operations / 1000, "Too few merged frames move.");
            Assert.True(_done["pages swapped"] >= operations / 200, "Too few pages are paged out.");
            Assert.True(_done["merged pages swapped"] >= operations / 1000, "Too few merged pages are paged out.");
            Assert.True(_done["offered pages dropped"] >= operations / 10_000, "Too few offers are taken up.");
            if (frames == Plenty)
            {
                Assert.True(_done["huge pages mapped"] >= operations / 1000, "Too few huge pages.");
                Assert.True(_done["huge pages split"] >= operations / 5000, "Too few huge pages are split.");
                Assert.True(_done["scans predicted with huge pages"] >= operations / 2000, "Too few scans are predicted with huge pages.");
                Assert.True(_done["nodes taken away"] >= operations / 5000, "Too few nodes are taken away.");
            }
        }
    }

    private void Run(
        ModelOp[] script,
        MergeIndexKind index,
        long frames,
        int checkEvery,
        Action<string>? log,
        ModelFlaw flaw = ModelFlaw.None,
        bool zeroFrames = true)
    {
        using DictionaryMachine machine = new(frames, index, zeroFrames, log) { Flaw = flaw };
        for (int i = 0; i < script.Length; i++)
        {
            machine.Perform(script[i]);
            if (i % checkEvery == 0)
            {
                machine.Compare();
            }
        }

        machine.Compare();
        machine.Finish(frames);
        lock (_gate)
        {
            Count("operations", machine.Operations);
            Count("refused", machine.Refusals);
            Count("out of frames", machine.Exhaustions);
            Count("scans that left something merged", machine.MergingScans);
            Count("steady states predicted", machine.Settled);
            Count("merged frames without a place", machine.FramesWithoutPlace);
            Count("endless copies ended", machine.EndlessCopies);
            Count("scans predicted", machine.ScansPredicted);
            Count("scans predicted with huge pages", machine.ScansWithHugePages);
            Count("pages left by half a merge", machine.FramesFreed);
            Count("pages saved after scans", machine.PagesSaved);
            Count("huge pages mapped", machine.HugePagesMapped);
            Count("huge pages split", machine.HugePagesSplit);
            Count("merged frames moved", machine.MergedFramesMoved);
            Count("pages swapped", machine.PagesSwapped);
            Count("merged pages swapped", machine.MergedPagesSwapped);
            Count("offered pages dropped", machine.PagesDropped);
            Count("nodes taken away", machine.NodesTakenAway);
            foreach ((ModelOpKind kind, int count) in machine.Successes)
            {
                Count($"{kind}", count);
            }
        }
    }

    private void Count(string what, long more) => _done[what] = _done.GetValueOrDefault(what) + more;
}
