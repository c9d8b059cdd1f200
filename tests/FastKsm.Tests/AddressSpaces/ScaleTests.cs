using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Sizes: sparse mappings and very many VMAs.</summary>
public sealed class ScaleTests
{
    private const ulong Page = Machines.Page;

    [Fact]
    public void Map_OneTebibyteWithThreePages_CostsKilobytes()
    {
        const ulong Tebibyte = 1UL << 40;
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.Map(Tebibyte, new MapOptions());

        process.Poke(at, 1);
        process.Poke(at + (Tebibyte / 2), 2);
        process.Poke(at + Tebibyte - 1, 3);

        Assert.InRange(machine.Store.UsedBytes, 1, 32 * 1024);
        Assert.Equal(3, process.ResidentAnonymousPages);
        ModelProcess child = process.Fork();
        child.Poke(at + (Tebibyte / 2), 4);
        process.Protect(at, Tebibyte, Protection.Read);
        process.Advise(at, Tebibyte, Advice.Mergeable);
        process.Unmap(at, Tebibyte);
        machine.Validate();
        Assert.Equal((1, 3L), (child.Peek(at), child.ResidentAnonymousPages));
    }

    [Fact]
    public void Map_OneMillionVmas_AllAreFoundAndUnmapped()
    {
        const ulong Many = 1_000_000;
        using Machine machine = Machines.Small(frames: 64, maxMapCount: 2_000_000);
        ModelProcess process = machine.Spawn();
        for (ulong i = 0; i < Many; i++)
        {
            _ = process.MapAt(1000 + (i * 3), 2);
        }

        Assert.Equal((int)Many, process.MapCount);
        for (ulong i = 0; i < Many; i += 50_021)
        {
            Assert.Equal(0, process.Peek((1000 + (i * 3)) * Page));
            Assert.False(Assert.Throws<SegmentationFaultException>(() => process.Peek((1002 + (i * 3)) * Page)).IsMapped);
        }

        // VMA record and its share of the tree, which rising addresses fill to the last entry.
        Assert.InRange(machine.Store.Vmas.UsedBytes + machine.Store.TreeNodes.UsedBytes, 1, 72 * (long)Many);
        ulong hole = process.Map(2 * Page, new MapOptions());
        Assert.Equal((1UL << Sizes.AddressBits) - (2 * Page), hole);
        machine.Validate();
        process.Unmap(1000 * Page, Many * 3 * Page);
        Assert.Equal(1, process.MapCount);
        process.Exit();
        Assert.Equal(0, machine.Store.UsedBytes);
    }

    [Fact]
    public void Protect_EveryOtherPageOfAFaultedRegion_CostsFewBytesPerVma()
    {
        const int Pages = 20_000;
        using Machine machine = Machines.Small(frames: Pages);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        process.Touch(at, Pages);
        long before = machine.Store.UsedBytes;

        for (ulong i = 0; i < Pages; i += 2)
        {
            process.Protect(at + (i * Page), Page, Protection.Read);
        }

        Assert.Equal(Pages, process.MapCount);
        Assert.InRange((machine.Store.UsedBytes - before) / Pages, 48, 160);
    }
}
