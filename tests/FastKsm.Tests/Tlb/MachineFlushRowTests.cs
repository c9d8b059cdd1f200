using System;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>
/// Rows of the conformance table of TLB flushes that are about what the engine does between a change and its flush; a
/// number is a row's.
/// </summary>
public sealed class MachineFlushRowTests : IDisposable
{
    private const ulong Page = Machines.Page;
    private const ulong First = 0x8000;
    private const ulong Start = First * Page;

    private readonly Machine _machine = Machines.Small(frames: 4096, cpus: 2);
    private readonly ModelProcess _process;
    private readonly Cpu _cpu;
    private readonly Cpu _other;

    public MachineFlushRowTests()
    {
        _process = _machine.Spawn();
        (_cpu, _other) = (_machine.Cpus[0], _machine.Cpus[1]);
        _cpu.Run(_process);
        _other.Run(_process);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(512, 1)]
    [InlineData(513, 2)]
    public void T62_FramesMove512BehindOneFlush(int pages, long batches)
    {
        Map(pages);

        Assert.Equal(pages, _cpu.Migrate(_process, Start, (ulong)pages * Page));

        TlbStatistics now = _machine.Tlbs.Statistics;
        Assert.Equal((batches, 0L, batches), (now.BatchOperations, now.FlushOperations, now.RemoteFlush));
        _machine.Validate();
    }

    [Fact]
    public void T63_FramesThatWereBusyAtFirst_MoveOneByOneBehindAFlushEach()
    {
        const int Pages = 64;
        const int Busy = 5;
        Map(Pages);
        PhysicalMemory memory = _machine.Store.Frames;
        Pfn[] frames = [.. Enumerable.Range(0, Pages).Select(
            page => PageMerge.BorrowAnonymous(_process.Space, First + (ulong)page))];
        Pfn[] before = [.. frames];
        bool[] left = new bool[Pages];
        Assert.All(before[..Busy], frame => Assert.True(memory[frame].TryLock()));

        Assert.Equal(MemoryStatus.Done, _machine.Migrator.MigrateAll(0, frames, -1, left, out int moved));

        Assert.Equal(Pages - Busy, moved);
        Assert.Equal(Enumerable.Range(0, Busy), Enumerable.Range(0, Pages).Where(page => left[page]));
        TlbStatistics first = _machine.Tlbs.Statistics;
        Assert.Equal((1L, 0L), (first.BatchOperations, first.FlushOperations));
        Array.ForEach(before[..Busy], frame => memory[frame].Unlock());
        _ = _machine.Tlbs.TakeFlushes();

        Assert.Equal(Busy, _machine.Migrator.MigrateLeft(0, frames, -1, left));

        Assert.Equal(
            Enumerable.Repeat((1L, true), Busy),
            _machine.Tlbs.TakeFlushes().Select(flush => (flush.Strides, flush.IsRemote)));
        Array.ForEach(frames, frame => memory.Release(0, frame));
        Assert.All(Enumerable.Range(0, Pages), page => Assert.NotEqual(before[page], frames[page]));
        _machine.Validate();
    }

    // The entry was clean when the CPU cached it: the store asks the page table again, and finds nothing there.
    [Fact]
    public void T65_StoreByACleanTranslation_AfterThePageWasTaken_Faults()
    {
        Map(1);
        _cpu.Advise(Start, Page, Advice.Free);
        _other.Read(Start, new byte[1]);
        CpuTlb other = _machine.Store.Flushes[1];

        (FlushBatch batch, Pfn frame) = Take();

        Assert.False(batch.IsWritable);
        Assert.True(CanBegin(other, writes: false), "The flush has not come yet: what was cached may be read.");
        Assert.False(CanBegin(other, writes: true), "A clean translation stored without a look at the page table.");
        batch.Flush(0);
        Assert.False(CanBegin(other, writes: false));
        Restore(batch, frame);
    }

    // The CPU goes on storing until the flush; what it stores is in the frame that is written out or copied behind the flush.
    [Fact]
    public void T66_StoreByADirtyTranslation_AfterThePageWasTaken_ReachesTheFrameUntilTheFlush()
    {
        Map(1);
        _other.Write(Start, [2]);
        CpuTlb other = _machine.Store.Flushes[1];

        (FlushBatch batch, Pfn frame) = Take();

        Assert.True(batch.IsWritable);
        Assert.True(other.TryBegin(First, writes: true, out Pfn reached));
        Assert.Equal(frame, reached);
        _machine.Store.Frames.Content(reached)[0] = 77;
        other.End();
        batch.FlushIfWritable(0);
        Assert.False(batch.IsRequired || CanBegin(other, writes: true) || CanBegin(other, writes: false));
        Restore(batch, frame);
        byte[] read = new byte[1];
        _cpu.Read(Start, read);
        Assert.Equal(77, read[0]);
    }

    // As reclaim and migration take it: the entry goes, and the flush is the batch's.
    private (FlushBatch Batch, Pfn Frame) Take()
    {
        Pfn frame = PageMerge.BorrowAnonymous(_process.Space, First);
        FlushBatch batch = _machine.Store.Flushes.TakeBatch(kernelThread: false);
        MappingActions.BeginMigration(_process.Space, 0, First, frame, batch);
        Assert.True(batch.IsRequired);
        return (batch, frame);
    }

    private void Restore(FlushBatch batch, Pfn frame)
    {
        Assert.Equal(PteOutcome.Done, MappingActions.EndMigration(_process.Space, First, frame, frame));
        _machine.Store.Flushes.ReturnBatch(batch);
        _machine.Store.Frames.Release(0, frame);
        _machine.Validate();
    }

    private static bool CanBegin(CpuTlb tlb, bool writes)
    {
        bool begun = tlb.TryBegin(First, writes, out _);
        if (begun)
        {
            tlb.End();
        }

        return begun;
    }

    // Written by one CPU, and read by the other one.
    private void Map(int pages)
    {
        _ = _cpu.Map((ulong)pages * Page, new MapOptions { At = Start });
        for (int page = 0; page < pages; page++)
        {
            _cpu.Write(Start + ((ulong)page * Page), [1]);
            _other.Read(Start + ((ulong)page * Page), new byte[1]);
        }
    }
}
