using System;
using System.Linq;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Several zero frames, chosen by address: what they are, what they cost, and that no counter can tell them from one.</summary>
public sealed class ZeroPageColourTests : MergeIndexKinds
{
    private const int Colours = 8;

    [Theory, MemberData(nameof(Indexes))]
    public void Scan_PagesOfZeroes_MapTheZeroFrameOfTheirAddress(MergeIndexKind index)
    {
        using KsmRig rig = new(index, zeroPageColours: Colours);
        rig.Set("use_zero_pages", 1);
        Area area = rig.Map(rig.Spawn(), 3 * Colours).Fill(0);
        long free = rig.Machine.FreeFrames;

        rig.Scan(2);

        Assert.Equal(3 * Colours, rig.Counters.KsmZeroPages);
        Assert.Equal(free + (3 * Colours), rig.Machine.FreeFrames);
        Assert.Equal(Colours, Enumerable.Range(0, area.Pages).Select(area.Frame).Distinct().Count());
        for (int page = 0; page < area.Pages; page++)
        {
            Assert.True(area.IsZero(page));
            Assert.Equal(0, area.MapCount(page));
            Assert.Equal(Colour(area, page), Colour(area.Frame(page)));
        }
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Read_UntouchedPages_MapTheSameFramesAsTheMerger(MergeIndexKind index)
    {
        using KsmRig rig = new(index, zeroPageColours: Colours);
        rig.Set("use_zero_pages", 1);
        Area merged = rig.Map(rig.Spawn(), 2 * Colours).Fill(0);
        Area read = rig.Map(rig.Spawn(), 2 * Colours).Read();
        rig.Scan(2);

        foreach (Area area in new[] { merged, read })
        {
            Assert.All(Enumerable.Range(0, area.Pages), page => Assert.Equal(Colour(area, page), Colour(area.Frame(page))));
        }

        // Only the merger's count; the scanner passes over those of read faults.
        Assert.Equal(merged.Pages, rig.Counters.KsmZeroPages);
        Assert.Equal(merged.Pages, rig.Counters.RmapItems);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void ForkWriteUnmap_OfZeroPages_AreCountedAtOnce(MergeIndexKind index)
    {
        using KsmRig rig = new(index, zeroPageColours: Colours);
        rig.Set("use_zero_pages", 1);
        Area area = rig.Map(rig.Spawn(), 10).Fill(0);
        rig.Scan(2);

        Area child = area.In(area.Process.Fork());
        Assert.Equal(20, rig.Counters.KsmZeroPages);
        Assert.Equal(area.Frame(3), child.Frame(3));

        _ = child.Write(3, 5);
        Assert.Equal(19, rig.Counters.KsmZeroPages);
        Assert.False(child.IsZero(3));
        Assert.Equal(0, rig.Copied);

        _ = child[4..10].Unmap();
        Assert.Equal(13, rig.Counters.KsmZeroPages);
        _ = area.Advise(Advice.Unmergeable);
        Assert.Equal(3, rig.Counters.KsmZeroPages);
        area.AssertNoDuplicates();
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Remap_OfZeroPages_EndsAtTheColourOfTheNewAddress(MergeIndexKind index)
    {
        using KsmRig rig = new(index, zeroPageColours: Colours);
        rig.Set("use_zero_pages", 1);
        Area area = rig.Map(rig.Spawn(), Colours).Fill(0);
        rig.Scan(2);

        // One page further, so that each has another colour.
        ulong to = area.Address + (64 * KsmRig.PageSize) + KsmRig.PageSize;
        _ = area.Process.Remap(area.Address, area.Bytes, area.Bytes, to: to);
        Area moved = area with { Address = to };
        Assert.Equal(0, rig.Counters.KsmZeroPages);
        rig.Scan(3);

        Assert.Equal(Colours, rig.Counters.KsmZeroPages);
        Assert.All(Enumerable.Range(0, Colours), page => Assert.Equal(Colour(moved, page), Colour(moved.Frame(page))));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Scan_NoPageHasTheChecksumOfZeroes_NothingMoreIsCompared(MergeIndexKind index)
    {
        long plain = Compared(index, useZeroPages: 0, colours: 1, zeroes: 0);

        Assert.True(plain > 0);
        Assert.Equal(plain, Compared(index, useZeroPages: 1, colours: 1, zeroes: 0));
        Assert.Equal(plain, Compared(index, useZeroPages: 1, colours: Colours, zeroes: 0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Scan_PagesOfZeroes_AreComparedOnceEach(MergeIndexKind index)
    {
        long plain = Compared(index, useZeroPages: 1, colours: Colours, zeroes: 0);

        Assert.Equal(plain + 24, Compared(index, useZeroPages: 1, colours: Colours, zeroes: 24));
        Assert.Equal(plain + 24, Compared(index, useZeroPages: 1, colours: 1, zeroes: 24));
    }

    [Theory]
    [InlineData(MergeIndexKind.ContentTree, 2, false)]
    [InlineData(MergeIndexKind.Fingerprint, 16, true)]
    [InlineData(MergeIndexKind.Fingerprint, 1024, false)]
    public void Scripts_WithAnyNumberOfColours_ShowTheSame(MergeIndexKind index, int colours, bool smartScan)
    {
        long zeroPages = 0;
        Property.ForAllScripts(
            ScanOp.Next,
            script =>
            {
                using ScriptedMachine one = new(index, 3, smartScan);
                using ScriptedMachine several = new(index, 3, smartScan, options: new MachineOptions { ZeroPageColours = colours });
                one.Perform(script);
                several.Perform(script);
                Assert.Equal(one.Seen.Count, several.Seen.Count);
                for (int scan = 0; scan < one.Seen.Count; scan++)
                {
                    (Sight left, Sight right) = (one.Seen[scan], several.Seen[scan]);
                    zeroPages += left.Counters.KsmZeroPages;
                    Assert.Equal((left.Counters, left.Copied, left.Scanned), (right.Counters, right.Copied, right.Scanned));
                    Assert.Equal(left.Stats, right.Stats);

                    // Further zero frames move all others up.
                    Assert.Equal(left.Frames, right.Frames.Select(frame =>
                        frame.Number <= colours ? new Pfn(Math.Min(frame.Number, 1)) : new Pfn(frame.Number - (uint)colours + 1)));
                }
            },
            cases: 20,
            length: 150,
            explain: null,
            firstSeed: 300_000 + (colours * 1000));

        Assert.True(zeroPages > 0, "No script had a zero page.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(2048)]
    [InlineData(-4)]
    public void Machine_ColoursOutOfRange_AreRefused(int colours)
    {
        ArgumentOutOfRangeException exception = Assert.Throws<ArgumentOutOfRangeException>(
            () => new Machine(new MachineOptions { ZeroPageColours = colours }));

        Assert.Equal(nameof(MachineOptions.ZeroPageColours), exception.ParamName);
        Assert.Contains("power of two, 1 to 1024", exception.Message, StringComparison.Ordinal);
    }

    // Comparisons during three scans of pages that merge and pages that do not, the zeroes last of all.
    private static long Compared(MergeIndexKind index, int useZeroPages, int colours, int zeroes)
    {
        using KsmRig rig = new(index, zeroPageColours: colours);
        rig.Set("use_zero_pages", useZeroPages);
        ModelProcess process = rig.Spawn();
        _ = rig.Map(process, 30).Fill(7);
        _ = rig.Map(process, 200).FillUnique(100);
        if (zeroes != 0)
        {
            _ = rig.Map(process, zeroes).Fill(0);
        }

        rig.Scan(3);
        Assert.Equal(zeroes, rig.Counters.KsmZeroPages);
        return rig.Machine.Ksm.Statistics.PagesCompared;
    }

    private static uint Colour(Area area, int page) => (uint)(area.At(page) / KsmRig.PageSize % Colours);

    // Zero frames come first of all frames, in the order of their colours, and frame 0 is none.
    private static uint Colour(Pfn frame) => frame.Number - 1;
}
