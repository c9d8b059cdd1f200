using System;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>Rows and invariants of flushes that wait: batches and gathers. A number is a row's or an invariant's.</summary>
public sealed class BatchRowTests : FlushRows
{
    // Pages that the shrinker frees at once.
    private const int FreeBatch = 31;

    [Fact]
    public void T50_ABatchOfTwoAddressSpaces_IsOneOperationForBothCpus()
    {
        SpaceTranslations a = Make(cpus: 3);
        SpaceTranslations b = Space(2);
        Run(1, a);
        Run(2, b);
        FlushBatch batch = new(Engine, kernelThread: true);
        for (int page = 0; page < 31; page++)
        {
            batch.Add(0, a, wasDirty: false);
            batch.Add(0, b, wasDirty: page == 30);
        }

        Assert.True(batch.IsRequired && batch.IsWritable);
        batch.FlushIfWritable(0);

        TlbCounters counters = Engine.Counters;
        Assert.Equal((1L, 1L), (counters.BatchFlushes, counters.NrTlbRemoteFlush));
        Assert.Equal((2L, 2L), (counters.IpiSent, counters.RemoteFlushAll));
        Assert.Equal((32ul, 32ul), (a.Generation, b.Generation));
        Assert.False(batch.IsRequired || batch.IsWritable);
        batch.Flush(0);
        Assert.Equal(1, Engine.Counters.BatchFlushes);
    }

    [Fact]
    public void T51_ABatchOfManyAddressSpaces_IsOneOperation()
    {
        _ = Make(cpus: 80);
        FlushBatch batch = new(Engine, kernelThread: true);
        for (int cpu = 1; cpu <= 31; cpu++)
        {
            SpaceTranslations mm = Space((ulong)cpu + 100);
            Run(cpu * 2, mm);
            batch.Add(0, mm, wasDirty: false);
        }

        batch.Flush(0);

        Assert.Equal((1L, 31L), (Engine.Counters.NrTlbRemoteFlush, Engine.Counters.IpiSent));
    }

    [Fact]
    public void T54_ABatchReachesACpuThatIsUpToDate_NothingIsDone()
    {
        SpaceTranslations mm = Make(cpus: 2);
        SpaceTranslations other = Space(2);
        Run(1, mm);
        Engine[1].SwitchTo(other);
        FlushBatch batch = new(Engine, kernelThread: true);
        batch.Add(0, mm, wasDirty: false);

        batch.Flush(0);

        TlbCounters counters = Engine.Counters;
        Assert.Equal((1L, 1L, 0L), (counters.NrTlbRemoteFlushReceived, counters.FlushNoop, counters.RemoteFlushAll));
    }

    // What was dirty is written out one by one, each page behind a flush; held back for the others of its batch, 31 need one.
    [Theory]
    [InlineData(1, 62)]
    [InlineData(FreeBatch, 2)]
    public void T69_DirtyPagesHeldBackForABatch_NeedOneFlushForAll(int heldBack, long operations)
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        FlushBatch batch = new(Engine, kernelThread: false);
        for (int page = 1; page <= 62; page++)
        {
            batch.Add(0, mm, wasDirty: true, Page + (ulong)page);
            Assert.True(batch.IsWritable, "Nothing may be written out before a flush.");
            if (page % heldBack == 0)
            {
                batch.FlushIfWritable(0);
                Assert.False(batch.IsWritable || batch.IsRequired);
            }
        }

        batch.Flush(0);
        Assert.Equal((operations, operations), (Engine.Counters.BatchFlushes, Engine.Counters.NrTlbRemoteFlush));
    }

    [Fact]
    public void T64_ASecondGather_FlushesAllAndToLazyCpus()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        Engine[1].SwitchTo(null);
        Gather<NoRelease> first = Gather<NoRelease>.Begin(Engine, FlushSite.Unmapped, 0, mm, default);
        Gather<NoRelease> second = Gather<NoRelease>.Begin(Engine, FlushSite.Unmapped, 0, mm, default);
        second.Extend(Page, 1, 0);

        second.Finish();
        TlbCounters counters = Engine.Counters;
        Assert.Equal((1L, 1L, 1L), (counters.IpiSent, counters.LeftLazy, counters.NrTlbLocalFlushAll));

        first.Extend(Page, 1, 0);
        first.Finish();
        Assert.Equal((2L, 1L), (Engine.Counters.RangeFlushes, Engine.Counters.NrTlbLocalFlushOne));
        Assert.Equal(0, mm.FlushPending);
    }

    [Fact]
    public void CheckPending_AfterABatch_FlushesOnce()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        FlushBatch batch = new(Engine, kernelThread: false);
        batch.Add(0, mm, wasDirty: false);
        batch.Flush(0);
        Assert.Equal((1, 0), (mm.BatchedPending, mm.BatchedFlushed));

        Engine.CheckPending(0, kernelThread: false, mm);
        Engine.CheckPending(0, kernelThread: false, mm);

        Assert.Equal((1, 1), (mm.BatchedPending, mm.BatchedFlushed));
        Assert.Equal((1L, 1L), (Engine.Counters.BatchedPendingFlush, Engine.Counters.RangeFlushes));
    }

    [Fact]
    public void I13_ABatchOwesExactlyWhileItHasCpusToTell()
    {
        SpaceTranslations mm = Make(cpus: 70);
        Run(69, mm);
        FlushBatch batch = new(Engine, kernelThread: true);
        Random random = new(1);
        for (int step = 0; step < 200; step++)
        {
            switch (random.Next(4))
            {
                case 0:
                    batch.Flush(0);
                    break;
                case 1:
                    batch.FlushIfWritable(0);
                    break;
                default:
                    batch.Add(0, mm, wasDirty: random.Next(2) == 0);
                    break;
            }

            CpuMask mask = batch.Mask;
            Assert.Equal(batch.IsRequired, ((ReadOnlySpan<ulong>)mask).ContainsAnyExcept(0ul));
            Assert.True(batch.IsRequired || !batch.IsWritable);
        }
    }

    // A look that has flushed for what it saw does not take a page that came meanwhile for flushed.
    [Fact]
    public void I20_AddressSpaceOwes_UntilWhatIsInABatchIsFlushed()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(1, mm);
        FlushBatch batch = new(Engine, kernelThread: true);
        batch.Add(0, mm, wasDirty: false);
        Assert.True(mm.OwesBatched(out int seen));
        batch.Add(0, mm, wasDirty: false);

        mm.MarkFlushed(seen);
        Assert.True(mm.OwesBatched(out seen));

        mm.MarkFlushed(seen);
        Assert.False(mm.OwesBatched(out _));
    }

    [Fact]
    public void Fork_InheritsWhatBatchesOwe()
    {
        SpaceTranslations parent = Make(cpus: 2);
        Run(1, parent);
        FlushBatch batch = new(Engine, kernelThread: true);
        batch.Add(0, parent, wasDirty: false);
        batch.Flush(0);
        SpaceTranslations child = Space(2);

        child.InheritBatched(parent);

        Assert.Equal((1, 0), (child.BatchedPending, child.BatchedFlushed));
    }

    [Fact]
    public void BatchedPending_BeyondHalf_StartsAgain()
    {
        SpaceTranslations mm = Make(cpus: 1);
        for (int i = 0; i < 16384; i++)
        {
            mm.AddBatched();
        }

        Assert.Equal(16384, mm.BatchedPending);
        mm.AddBatched();
        Assert.Equal((1, 0), (mm.BatchedPending, mm.BatchedFlushed));
    }

    private readonly struct NoRelease : IGatherRelease
    {
        public void ReleaseFrame(Pfn frame, bool isHuge, bool delayedRmap)
        {
        }

        public void ReleaseTable(uint leaf)
        {
        }
    }
}
