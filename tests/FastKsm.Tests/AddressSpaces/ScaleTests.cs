using System;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Sizes: sparse mappings, very many VMAs, and nothing on the managed heap.</summary>
[Collection("alone")]
public sealed class ScaleTests
{
    private const ulong Page = Machines.Page;

    [Fact]
    public void Map_OneTebibyteWithThreePages_CostsKilobytes()
    {
        const ulong Tebibyte = 1UL << 40;
        using Machine machine = Machines.Small(frames: 16);
        Process process = machine.Spawn();
        ulong at = process.Map(Tebibyte, new MapOptions());

        process.Poke(at, 1);
        process.Poke(at + (Tebibyte / 2), 2);
        process.Poke(at + Tebibyte - 1, 3);

        Assert.InRange(machine.Store.UsedBytes, 1, 32 * 1024);
        Assert.Equal(3, process.ResidentAnonymousPages);
        Process child = process.Fork();
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
        Process process = machine.Spawn();
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
        Process process = machine.Spawn();
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

    [Fact]
    public void FaultsAndWrites_InSteadyState_AllocateNothing()
    {
        const int Pages = 3000;
        using Machine machine = Machines.Small(frames: 2 * Pages, cpus: 2, nodes: 2);
        Process process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        byte[] bytes = new byte[64];
        void Work()
        {
            for (ulong i = 0; i < Pages; i++)
            {
                process.Cpu.Read(process, at + (i * Page), bytes);
                process.Cpu.Write(process, at + (i * Page) + 100, bytes);
                process.Cpu.WritePage(process, at + (i * Page), i);
            }

            for (ulong i = 0; i < Pages; i += 7)
            {
                process.Protect(at + (i * Page), Page, Protection.Read);
                process.Protect(at + (i * Page), Page, Protection.Read | Protection.Write);
            }

            process.Advise(at, Pages * Page / 2, Advice.Free);
            process.Advise(at, Pages * Page, Advice.DontNeed);
            ulong extra = process.Map(100 * Page, new MapOptions());
            process.Unmap(extra, 100 * Page);
        }

        Work();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Work();
        long after = GC.GetTotalAllocatedBytes(precise: true);

        Assert.Equal(0, after - before);
    }

    [Fact]
    public void CopyOnWrite_InSteadyState_AllocatesNothing()
    {
        const int Pages = 1000;
        using Machine machine = Machines.Small(frames: 4 * Pages);
        Process process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        process.Touch(at, Pages);
        Process[] children = [process.Fork(), process.Fork()];
        byte[] bytes = new byte[8];
        process.Cpu.Write(process, at, bytes);
        children[0].Cpu.Write(children[0], at, bytes);
        long before = GC.GetTotalAllocatedBytes(precise: true);

        for (ulong i = 0; i < Pages; i++)
        {
            process.Cpu.Write(process, at + (i * Page), bytes);
            children[0].Cpu.Write(children[0], at + (i * Page), bytes);
            children[1].Cpu.Write(children[1], at + (i * Page), bytes);
        }

        Assert.Equal(0, GC.GetTotalAllocatedBytes(precise: true) - before);
        Assert.Equal(4 * Pages - (3 * Pages), machine.FreeFrames);
    }
}
