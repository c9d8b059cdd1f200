using System.Linq;
using System.Runtime.CompilerServices;
using FastKsm.Swapping;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>What the tables cost: rows 1 and 2 of swap.md 9.1, and what our own layout promises.</summary>
public sealed class SwapMetadataTests
{
    private const uint TiB = 1 << 28;

    [Fact]
    public void Legacy_OneTebibyte_TakesItsArraysAtMount_S01()
    {
        using SwapRig rig = SwapRig.Make("legacy");

        rig.Mount(TiB);

        Assert.Equal(816L << 20, rig.Space.Measure().StaticReserved);
        Assert.Equal((256L + 512 + 32 + 16) << 20, rig.Space.Measure().StaticReserved);
    }

    [Fact]
    public void Faithful_OneTebibyte_TakesFortyEightBytesACluster_S02()
    {
        using SwapRig rig = SwapRig.Make("faithful");

        rig.Mount(TiB);

        SwapFootprint footprint = rig.Space.Measure();
        Assert.Equal(24L << 20, footprint.StaticReserved);
        Assert.Equal(0.09375, (double)footprint.StaticReserved / TiB);

        // As in the kernel, all clusters are linked at mount, so every record is touched.
        Assert.Equal(24L << 20, footprint.StaticResident);
        Assert.Equal(rig.TableBytes, footprint.DynamicUsed);
    }

    [Fact]
    public void Compact_OneTebibyteIdle_TakesNextToNothing()
    {
        using SwapRig rig = SwapRig.Make("compact");

        rig.Mount(TiB);

        SwapFootprint footprint = rig.Space.Measure();
        Assert.Equal(12L << 20, footprint.StaticReserved);
        Assert.InRange((double)footprint.StaticReserved / TiB, 0, 0.047);
        Assert.InRange((double)footprint.Resident / TiB, 0, 0.001);
    }

    [Fact]
    public void Compact_FourTebibytes_CanBeUsedToTheLastSlot()
    {
        using SwapRig rig = SwapRig.Make("compact");
        int device = rig.Mount(SwapLimits.MaxSlots, null, SwapLimits.MaxSlots - 2);

        Assert.Equal((int)SwapLimits.MaxSlots - 2, rig.Space.Device(device)!.Pages);
        Assert.Equal(1u, rig.PageOut().Offset);
        rig.Space.Validate();
    }

    [Fact]
    public void Records_OfEachLayout_HaveTheirSize()
    {
        Assert.Equal((32, 48, 24), (Unsafe.SizeOf<LegacyCluster>(), Unsafe.SizeOf<FaithfulCluster>(), CompactLayout.RecordBytes));
        Assert.Equal((64, 12), (Unsafe.SizeOf<SparseTable>(), Unsafe.SizeOf<ClusterExtras>()));
    }

    [Fact]
    public void Compact_OneSlotInEachCluster_TakesACacheLineAndARecord()
    {
        const int Clusters = 128;
        using SwapRig rig = SwapRig.Make("compact");
        rig.Mount(Clusters * SwapLimits.ClusterSlots);
        long mounted = rig.Space.Measure().DynamicUsed;
        for (SwapEntry[] entries = [.. rig.Evicted((Clusters * SwapLimits.ClusterSlots) - 1)]; entries.Length != 0; entries = [])
        {
            Assert.InRange(rig.Space.Measure().DynamicUsed - mounted, 0, Clusters * rig.TableBytes);
            foreach (SwapEntry entry in entries.Where(entry => entry.Position != 100))
            {
                Assert.Equal(SwapStatus.Done, rig.Space.Put(entry));
            }
        }

        Assert.Equal(Clusters, rig.Used());
        SwapFootprint footprint = rig.Space.Measure();
        Assert.Equal(Clusters * Unsafe.SizeOf<SparseTable>(), footprint.DynamicUsed);
        Assert.InRange((double)(footprint.StaticReserved + footprint.DynamicUsed) / Clusters, 0, 96);
        rig.Space.Validate();
    }

    [Fact]
    public void Entry_OfTheLastSlot_FitsThePte() =>
        Assert.Equal((23, SwapLimits.MaxSlots - 1), (new SwapEntry(23, SwapLimits.MaxSlots - 1).Device, new SwapEntry(23, SwapLimits.MaxSlots - 1).Offset));
}
