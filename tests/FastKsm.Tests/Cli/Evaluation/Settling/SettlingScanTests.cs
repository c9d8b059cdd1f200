using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Settling;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Settling;

/// <summary>Scan by scan what Linux 6.18 shows for tests/workloads/folios.c with the same arguments (smart_scan=0, one batch a scan).</summary>
public sealed class SettlingScanTests
{
    public SettlingScanTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");

    // Of each scan, from the second: pages_shared, pages_sharing, pages_unshared, pages_volatile, rmap_items.
    [Theory]
    [InlineData("huge:u1,z511*8", 0, "0,0,2,3585,3587 0,0,4,3072,3076 0,0,8,2557,2565 0,0,8,2046,2054 0,0,8,1535,1543 0,0,8,1024,1032 0,0,9,512,521 0,0,9,1,10 0,0,8,0,8")]
    [InlineData("huge:z511*8", 0, "0,0,1,3586,3587 0,0,2,3074,3076 0,0,4,2561,2565 0,0,8,2046,2054 0,0,8,1535,1543 0,0,8,1024,1032 0,0,8,513,521 0,0,9,1,10 0,0,8,0,8")]
    [InlineData("huge:u1,z511*8", 1, "0,0,2,14,16 0,0,8,0,8")]
    [InlineData("huge:z1 huge:z1 huge:z5", 0, "0,0,1530,2,1532 0,0,1530,0,1530")]
    [InlineData("huge:z5 huge:z1 huge:z1", 0, "0,0,1,1532,1533 0,0,1530,1,1531 0,0,1530,0,1530")]
    [InlineData("huge:z1,e5x2", 0, "0,0,2,510,512 1,1,509,0,511")]
    [InlineData("huge:e5x2,z1", 0, "0,0,510,1,511 1,1,509,0,511")]
    [InlineData("huge:e5x3,z1", 0, "1,1,508,1,511 1,2,508,0,511")]
    [InlineData("huge:z1,e5x3", 0, "0,0,2,510,512 1,2,508,0,511")]
    [InlineData("huge:e5,z1 small:e5", 0, "1,1,511,0,513 1,1,510,0,512")]
    [InlineData("small:e5 huge:z1,e5", 0, "1,1,1,510,513 1,1,510,0,512")]
    [InlineData("huge:z1 locked-huge:z1", 0, "0,0,1023,1,1024 0,0,1023,0,1023")]
    [InlineData("locked-huge:z1 huge:z1", 0, "0,0,1023,1,1024 0,0,1023,0,1023")]
    [InlineData("locked-huge:z3 huge:z3", 0, "1,1,1018,2,1022 1,2,1018,0,1021")]
    public void Scan_ZeroesInHugePages_LeavesWhatLinuxLeaves(string regions, int useZeroPages, string expected)
    {
        using FolioLayout layout = new(regions);
        SettlingScan scan = layout.StartScans(useZeroPages: useZeroPages != 0);
        scan.Scan();
        Assert.Equal(layout.Table.Count, scan.Now.PagesVolatile);

        List<string> seen = [];
        for (scan.Scan(); !scan.IsAtRest; scan.Scan())
        {
            MergeForecast now = scan.Now;
            seen.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{now.PagesShared},{now.PagesSharing},{now.PagesUnshared},{now.PagesVolatile},{now.RmapItems}"));
        }

        Assert.Equal(expected, string.Join(' ', seen));
    }

    // 10, 66 and 202 scans: one for each huge page, one for the first visits and one that forgets the last records. (On a host
    // where khugepaged puts huge pages together meanwhile, it takes longer.)
    [Theory]
    [InlineData(8, 10)]
    [InlineData(64, 66)]
    [InlineData(200, 202)]
    public void Follow_HugePagesOfZeroes_OneAScan(int hugePages, int scans)
    {
        using FolioLayout layout = new(string.Create(CultureInfo.InvariantCulture, $"huge:u1,z511*{hugePages}"));

        SettlingForecast plain = Follow(layout, useZeroPages: false);
        SettlingForecast replaced = Follow(layout, useZeroPages: true);

        Assert.Equal((scans, true, hugePages, 3), (plain.Scans, plain.IsCounted, plain.HugePages, plain.WithZeroPages));
        Assert.Equal((3, true, null), (replaced.Scans, replaced.IsCounted, replaced.WithZeroPages));
        Assert.Equal([1, 3, 10], plain.After.Select(stage => stage.Scans));
        Assert.Equal((511 * 2) + 0, plain.After[1].Forecast.DroppedBySplit);
    }

    // Too many visits to follow: what is left is reckoned, and comes to the same.
    [Fact]
    public void Follow_TooMuchToFollow_ReckonsTheRest()
    {
        using FolioLayout layout = new("huge:u1,z511*30 huge:z1 huge:u1,z511*20");

        SettlingForecast followed = Follow(layout, useZeroPages: false);
        SettlingForecast reckoned = Settler.Follow(
            layout.Table, layout.Context, FolioLayout.Options(256, useZeroPages: false), layout.Folios, smartScan: false, mostVisits: 0)!;

        Assert.True(followed.IsCounted);
        Assert.False(reckoned.IsCounted);
        Assert.Equal(followed.Scans, reckoned.Scans);
        Assert.Equal(followed.After, reckoned.After);
    }

    // The forecast needs no scans; both ways must end at the same counters.
    [Fact]
    public void Forecast_RandomLayouts_IsWhereScansEnd()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            string regions = RandomRegions(random);
            bool useZeroPages = random.Next(3) == 0;
            using FolioLayout layout = new(regions);
            SettlingForecast settling = Follow(layout, useZeroPages);
            MergeForecast total = new SteadyState(
                layout.Table, layout.Context, FolioLayout.Options(256, useZeroPages), layout.Folios).Forecast(new PageCounts[1]);

            Assert.True(settling.AtRest == total, $"seed {seed}, {regions}: scans end at {settling.AtRest}, the forecast is {total}.");
        }
    }

    private static SettlingForecast Follow(FolioLayout layout, bool useZeroPages) => Settler.Follow(
        layout.Table, layout.Context, FolioLayout.Options(256, useZeroPages), layout.Folios, smartScan: false)!;

    private static string RandomRegions(Random random)
    {
        string[] kinds = ["huge", "huge", "huge", "small", "locked-huge"];
        int most = random.Next(2) == 0 ? 3 : kinds.Length;
        List<string> regions = ["huge:z1,e1x2"];
        for (int region = random.Next(1, 6); region > 0; region--)
        {
            IEnumerable<string> items = Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(3) switch
            {
                0 => Text($"z{random.Next(1, 4)}"),
                1 => Text($"u{random.Next(1, 30)}"),
                _ => Text($"e{random.Next(1, 5)}x{random.Next(1, 4)}"),
            });
            regions.Insert(random.Next(regions.Count + 1), $"{kinds[random.Next(most)]}:{string.Join(',', items)}");
        }

        return string.Join(' ', regions);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
