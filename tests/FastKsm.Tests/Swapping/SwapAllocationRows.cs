using System.Collections.Generic;
using System.Linq;
using FastKsm.Swapping;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Allocation: rows 14 to 31 of swap.md 9.2, on each layout.</summary>
public abstract class SwapAllocationRows(string layout)
{
    [Fact]
    public void Allocate_FreshDevice_StartsBehindTheHeader_S14()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);

        Assert.Equal(Run(1, 8), rig.Offsets(8));
    }

    [Fact]
    public void Allocate_OrderNine_TakesAFreeCluster_S15()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);

        Assert.Equal(512u, rig.PageOut(order: 9).Offset);
        Assert.Equal(512, rig.Used());
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_OrderFour_IsAligned_S16()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);

        Assert.Equal(
            Enumerable.Range(0, 32).Select(i => 512u + (16u * (uint)i)),
            Enumerable.Range(0, 32).Select(_ => rig.PageOut(order: 4).Offset));
    }

    [Fact]
    public void Allocate_TwoCpus_EachHasAClusterOfItsOwn_S17()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);

        Assert.Equal([1, 512, 2, 513, 3, 514], Enumerable.Range(0, 6).Select(i => rig.PageOut(cpu: i % 2).Offset));
    }

    [Fact]
    public void Allocate_DiskThatTurns_IsSequential_S18()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096, new SwapDeviceOptions { IsRotational = true });

        Assert.Equal(Run(1, 1000), Enumerable.Range(0, 1000).Select(i => rig.PageOut(cpu: i % 2).Offset));
    }

    [Fact]
    public void Allocate_EqualPriority_DevicesTakeTurnsByCluster_S19()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096, new SwapDeviceOptions { Priority = 5 });
        rig.Mount(4096, new SwapDeviceOptions { Priority = 5 });

        List<SwapEntry> entries = [.. Enumerable.Range(0, 3000).Select(_ => rig.PageOut())];

        Assert.Equal(
            [(0, 1u, 511), (1, 1u, 511), (0, 512u, 512), (1, 512u, 512), (0, 1024u, 512), (1, 1024u, 442)], Runs(entries));
    }

    [Fact]
    public void Allocate_DisksThatTurn_TakeTurnsByPage_S19()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096, new SwapDeviceOptions { IsRotational = true, Priority = 5 });
        rig.Mount(4096, new SwapDeviceOptions { IsRotational = true, Priority = 5 });

        Assert.Equal([0, 1, 0, 1], Enumerable.Range(0, 4).Select(_ => rig.PageOut().Device));
    }

    [Fact]
    public void Allocate_DefaultPriorities_RotateInPhase4Only_S19()
    {
        using SwapRig phase4 = SwapRig.Make(layout);
        using SwapRig linux618 = SwapRig.Make(layout, SwapEra.Linux618);
        foreach (SwapRig rig in (SwapRig[])[phase4, linux618])
        {
            rig.Mount(2048);
            rig.Mount(2048);
            rig.Offsets(700);
        }

        Assert.Equal((511, 189), (phase4.Used(0), phase4.Used(1)));
        Assert.Equal((700, 0), (linux618.Used(0), linux618.Used(1)));
    }

    [Fact]
    public void Allocate_UnlikePriorities_TheHigherOneIsFilledFirst_S20()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096, new SwapDeviceOptions { Priority = 5 });
        rig.Mount(1024, new SwapDeviceOptions { Priority = 10 });

        List<SwapEntry> entries = [.. Enumerable.Range(0, 2500).Select(_ => rig.PageOut())];

        Assert.Equal([(1, 1u, 1023), (0, 1u, 1477)], Runs(entries));
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_DeviceOfHigherPriorityAddedLater_WaitsForTheCachedCluster()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096, new SwapDeviceOptions { Priority = 5 });
        rig.Offsets(272);
        rig.Mount(4096, new SwapDeviceOptions { Priority = 10 });

        List<SwapEntry> entries = [.. Enumerable.Range(0, 500).Select(_ => rig.PageOut())];

        Assert.Equal([(0, 273u, 239), (1, 1u, 261)], Runs(entries));
    }

    [Fact]
    public void Allocate_DeviceFull_FailsWithoutHarm_S21()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(512);

        List<uint> offsets = rig.Offsets(600);

        Assert.Equal(511, offsets.Count(offset => offset != 0));
        Assert.Equal(SwapStatus.Full, rig.Space.Allocate(0, rig.NewFolio(), 0, 0, out _));
        rig.Space.Validate();
        Assert.Equal(SwapStatus.Done, rig.Space.Drop(new Pfn(1024), SwapShadow.None, 0));
        Assert.Equal(SwapStatus.Done, rig.Space.Put(new SwapEntry(0, 1)));
        Assert.Equal(1u, rig.PageOut().Offset);
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_HolesBesideFreeClusters_AreRefilledInOrder_S22()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(8192);
        List<SwapEntry> entries = rig.Evicted(2047);
        foreach (SwapEntry entry in entries.Where(entry => entry.Offset % 2 == 1))
        {
            Assert.Equal(SwapStatus.Done, rig.Space.Put(entry));
        }

        Assert.Equal(Enumerable.Range(0, 14).Select(i => 1u + (2u * (uint)i)), rig.Offsets(14));
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_AfterAClusterWasFreed_NeverUsedOnesComeFirst_S23()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        List<SwapEntry> entries = rig.Evicted(2047);
        Assert.Equal(SwapStatus.Done, rig.Space.Put(new SwapEntry(0, 512), 512));

        Assert.Equal(2047u, entries[^1].Offset);
        Assert.Equal(Run(2048, 1600), rig.Offsets(1600));
        Assert.Equal([.. Run(3648, 448), 512, 513], rig.Offsets(450));
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_NothingElseLeft_StealsFromHigherOrders_S24()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(2048);
        for (int i = 0; i < 3; i++)
        {
            Pfn head = rig.NewFolio(9);
            Assert.Equal(512u * ((uint)i + 1), rig.PageOut(head, order: 9).Offset);
            Assert.Equal(SwapStatus.Done, rig.Space.Drop(head, SwapShadow.None, 0));
        }

        Assert.Equal(SwapStatus.Done, rig.Space.Put(new SwapEntry(0, 1124), 200));

        List<uint> offsets = rig.Offsets(800);

        Assert.Equal([.. Run(1, 511), .. Run(1124, 200)], offsets.Take(711));
        Assert.All(offsets.Skip(711), offset => Assert.Equal(0u, offset));
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_OneSlotInEachCluster_NoRoomForOrderNine_S25()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        foreach (SwapEntry entry in rig.Evicted(4095).Where(entry => entry.Position != 100))
        {
            Assert.Equal(SwapStatus.Done, rig.Space.Put(entry));
        }

        Assert.Equal(SwapStatus.Full, rig.Space.Allocate(0, rig.NewFolio(9), 9, 0, out SwapEntry none));
        Assert.False(none.IsSome);
        Assert.Equal(8, rig.Used());
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_PlainFile_HoldsSinglePagesOnly_S26()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096, new SwapDeviceOptions { IsPlainFile = true });

        Assert.Equal(SwapStatus.Full, rig.Space.Allocate(0, rig.NewFolio(9), 9, 0, out _));
        Assert.Equal(SwapStatus.Full, rig.Space.Allocate(0, rig.NewFolio(1), 1, 0, out _));
        Assert.Equal(1u, rig.PageOut().Offset);
    }

    [Fact]
    public void Allocate_LargeFolio_TriesOneDeviceOnly_S27()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(400, new SwapDeviceOptions { Priority = 10 });
        rig.Mount(4096, new SwapDeviceOptions { Priority = 5 });

        Assert.Equal(SwapStatus.Full, rig.Space.Allocate(0, rig.NewFolio(9), 9, 0, out _));
        Assert.Equal(0, rig.PageOut().Device);
    }

    [Fact]
    public void Allocate_CacheOnlySlotsAndLittleRoom_AreTakenBack_S28()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(1024);
        List<uint> cacheOnly = rig.Offsets(450);
        foreach (uint offset in cacheOnly)
        {
            Assert.Equal(SwapStatus.Done, rig.Space.PutCached(new SwapEntry(0, offset)));
        }

        Assert.Equal(450, rig.Used());

        List<uint> offsets = rig.Offsets(1000);

        Assert.DoesNotContain(0u, offsets);
        Assert.Equal(4000, 4 * rig.Used());
        Assert.Equal(450, rig.Folios.Dropped.Count);
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_CacheOnlySlotsAndMuchRoom_AreLeftAlone_S29()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        foreach (uint offset in rig.Offsets(511))
        {
            Assert.Equal(SwapStatus.Done, rig.Space.PutCached(new SwapEntry(0, offset)));
        }

        Assert.Equal(Run(512, 1000), rig.Offsets(1000));
        Assert.Empty(rig.Folios.Dropped);
    }

    [Fact]
    public void Allocate_UnmountingBegun_Fails_S30()
    {
        using SwapRig rig = SwapRig.Make(layout);
        int device = rig.Mount(4096);
        List<SwapEntry> entries = rig.Evicted(10);
        rig.Offsets(1);

        Assert.Equal(SwapStatus.Done, rig.Space.BeginUnmount(device));
        Assert.Equal(SwapStatus.Full, rig.Space.Allocate(0, rig.NewFolio(), 0, 0, out _));
        Assert.Equal(SwapStatus.Busy, rig.Space.FinishUnmount(device));
        Assert.Equal(SwapStatus.Done, rig.Space.CancelUnmount(device));
        Assert.Equal(12u, rig.PageOut().Offset is var offset && offset == 0 ? 0 : 12u);
        rig.Space.Validate();

        Assert.Equal(SwapStatus.Done, rig.Space.BeginUnmount(device));
        Assert.Equal(SwapStatus.Done, rig.Space.Put(entries[0], 10));
        for (uint from = 1; rig.Space.TryNextInUse(device, from, out SwapEntry left); from = left.Offset + 1)
        {
            Assert.Equal(SwapStatus.Done, rig.Space.PutCached(left));
            Assert.True(rig.Space.TryDropUnnamed(left, anyway: true, out _));
        }

        Assert.Equal(SwapStatus.Done, rig.Space.FinishUnmount(device));
        Assert.Null(rig.Space.Device(device));
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_GroupAtItsLimit_GivesTheSlotsBack_S31()
    {
        using SwapRig rig = SwapRig.Make(layout, scope: GroupScope.V2);
        rig.Mount(4096);
        Assert.True(rig.Space.Groups.TryAdd(1, new SwapGroup()));
        Assert.True(rig.Space.Groups.TryAdd(2, new SwapGroup { Parent = 1, SwapLimit = 20 }));
        Assert.True(rig.PageOut(order: 4, group: 2).IsSome);

        Pfn head = rig.NewFolio(4);
        SwapStatus status = rig.Space.Allocate(0, head, 4, 2, out SwapEntry entry);

        Assert.Equal((SwapStatus.OverLimit, SwapEntry.None), (status, entry));
        Assert.False(rig.Space.TryWhere(head, out _, out _));
        Assert.Equal(1, rig.Folios.References(head));
        Assert.Equal((16, 16, 16), (rig.Used(), rig.Space.Groups[1].Swap, rig.Space.Groups[2].Swap));
        Assert.Equal((1, 1, 0, 1), (
            rig.Space.Groups[2].MaxEvents, rig.Space.Groups[2].FailEvents, rig.Space.Groups[1].MaxEvents, rig.Space.Groups[1].FailEvents));
        rig.Space.Validate();
    }

    private static IEnumerable<uint> Run(uint first, int count) => Enumerable.Range(0, count).Select(i => first + (uint)i);

    // Device, first offset and length of each run of slots that follow one another.
    private static List<(int Device, uint First, int Length)> Runs(List<SwapEntry> entries)
    {
        List<(int Device, uint First, int Length)> runs = [];
        foreach (SwapEntry entry in entries)
        {
            if (runs.Count != 0 && runs[^1].Device == entry.Device && runs[^1].First + (uint)runs[^1].Length == entry.Offset)
            {
                runs[^1] = runs[^1] with { Length = runs[^1].Length + 1 };
            }
            else
            {
                runs.Add((entry.Device, entry.Offset, 1));
            }
        }

        return runs;
    }
}
