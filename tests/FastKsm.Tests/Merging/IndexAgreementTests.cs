using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Random scripts on both indexes: the same counters after every scan, the same events, and every page as last written.</summary>
public sealed class IndexAgreementTests(ITestOutputHelper output)
{
    // FASTKSM_AGREEMENT=N: N scripts in each row, for a longer search.
    private static readonly int s_cases =
        int.TryParse(Environment.GetEnvironmentVariable("FASTKSM_AGREEMENT"), CultureInfo.InvariantCulture, out int cases) ? cases : 180;

    private readonly Dictionary<string, long> _events = [];
    private readonly Lock _gate = new();

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(3, false)]
    [InlineData(5, false)]
    [InlineData(8, true)]
    [InlineData(256, true)]
    public void Scripts_OnBothIndexes_ShowTheSame(int maxPageSharing, bool smartScan)
    {
        Property.ForAllScripts(
            ScanOp.Next,
            script =>
            {
                using ScriptedMachine tree = new(MergeIndexKind.ContentTree, maxPageSharing, smartScan);
                using ScriptedMachine table = new(MergeIndexKind.Fingerprint, maxPageSharing, smartScan);
                tree.Perform(script);
                table.Perform(script);
                Assert.Equal(tree.Seen.Count, table.Seen.Count);
                for (int scan = 0; scan < tree.Seen.Count; scan++)
                {
                    string? difference = tree.Seen[scan].Difference(table.Seen[scan]);
                    Assert.True(difference is null, $"Scan {scan}: {difference}");
                }

                Assert.Equal(tree.Events, table.Events);
                Count(tree.Seen);
            },
            s_cases,
            length: 150,
            explain: script =>
            {
                List<string> lines = [];
                using ScriptedMachine tree = new(MergeIndexKind.ContentTree, maxPageSharing, smartScan, lines.Add);
                tree.Perform(script);
                return lines;
            },
            firstSeed: maxPageSharing * (smartScan ? 200_000 : 100_000));

        output.WriteLine(string.Join(", ", _events.Select(entry => $"{entry.Key} {entry.Value}")));

        // Scripts in which nothing happens would agree, too.
        long scans = _events.GetValueOrDefault("scans");
        if (scans > 1000)
        {
            Assert.True(_events["merging"] * 10 > scans * 8 && _events["zero pages"] * 20 > scans && _events["copies"] * 50 > scans, "Too little merges.");
            Assert.True(maxPageSharing > 8 || _events["chains"] * 10 > scans * 3, "Too few chains.");
            Assert.True(maxPageSharing > 8 || _events["chains fewer"] * 200 > scans, "Too few chains go.");
            Assert.True(!smartScan || _events["skips"] * 10 > scans * 3, "Too little is skipped.");
        }
    }

    private void Count(List<Sight> seen)
    {
        lock (_gate)
        {
            for (int i = 1; i < seen.Count; i++)
            {
                (KsmCounters before, KsmCounters now) = (seen[i - 1].Counters, seen[i].Counters);
                Count("scans", true);
                Count("merging", now.PagesSharing > 0);
                Count("chains", now.StableNodeChains > 0);
                Count("chains fewer", now.StableNodeChains < before.StableNodeChains);
                Count("dups fewer", now.StableNodeDups < before.StableNodeDups);
                Count("zero pages", now.KsmZeroPages > 0);
                Count("skips", now.PagesSkipped > before.PagesSkipped);
                Count("copies", seen[i].Copied > seen[i - 1].Copied);
            }
        }
    }

    private void Count(string happened, bool did) =>
        _events[happened] = _events.GetValueOrDefault(happened) + (did ? 1 : 0);
}
