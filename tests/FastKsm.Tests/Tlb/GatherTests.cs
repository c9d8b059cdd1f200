using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>
/// How much a gather holds back, when it flushes, and in which order it lets go. A number is a conformance row's.
/// </summary>
[Collection(RunsAlone.Name)]
public sealed class GatherTests : IDisposable
{
    private const ulong First = 0x200;

    private readonly AllocationFaults _faults = new();
    private readonly FlushEngine _engine;
    private readonly SpaceTranslations _mm;

    public GatherTests()
    {
        _engine = new FlushEngine(new TlbOptions { LogCapacity = 64 }, cpus: 2, _faults);
        _mm = new SpaceTranslations(_engine);
        _mm.Begin(1);
        for (int cpu = 0; cpu < 2; cpu++)
        {
            _engine[cpu].BeginDriving(Thread.CurrentThread);
            _engine[cpu].SwitchTo(_mm);
        }
    }

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData(1, 1, "1")]
    [InlineData(2, 33, "33")]
    [InlineData(3, 34, "F")]
    [InlineData(4, 512, "F")]
    [InlineData(5, 9677, "F")]
    [InlineData(6, 9678, "F 18")]
    [InlineData(7, 9679, "F F")]
    [InlineData(8, 20000, "F F F")]
    [InlineData(9, 0, "")]
    public void T1_T9_TouchedPages_AreUnmappedWithAsManyFlushes(int row, int pages, string flushes)
    {
        Assert.InRange(row, 1, 9);
        List<string> released = [];
        Gather<Recording> gather = Gather<Recording>.Begin(_engine, FlushSite.Unmapped, 0, _mm, new Recording(released));
        for (int page = 0; page < pages; page++)
        {
            gather.Extend(First + (ulong)page, 1, 0);
            if (gather.Add(new Pfn((uint)page + 1)))
            {
                gather.Flush();
            }
        }

        for (int page = 0; page < pages; page += 512)
        {
            _ = gather.AddTable((uint)(page / 512) + 1, First + (ulong)page);
        }

        gather.Finish();

        // 19 tables for 9,678 pages: 18 strides lie between the first page of the first and that of the last.
        Assert.Equal(flushes, Flushes());
        Assert.Equal(pages + ((pages + 511) / 512), released.Count);
        Assert.Equal(0, _mm.FlushPending);
    }

    [Fact]
    public void T23_TableAfterTheFramesAreFlushed_IsAFlushOfLessThanAStride()
    {
        Gather<Recording> gather = Gather<Recording>.Begin(_engine, FlushSite.Unmapped, 0, _mm, new Recording([]));
        for (uint page = 0; page < 64; page++)
        {
            gather.Extend(First + page, 1, 0);
            Assert.False(gather.Add(new Pfn(page + 1), delayedRmap: true));
        }

        gather.Flush();
        _ = gather.AddTable(1, First);
        gather.Finish();

        Assert.Equal("F 0", Flushes());
    }

    [Theory]
    [InlineData(26, 1, "1")]
    [InlineData(26, 33, "33")]
    [InlineData(26, 34, "F")]
    public void T26_HugePages_CountByTheirOwnStride(int row, int pages, string flushes)
    {
        Assert.Equal(26, row);
        Gather<Recording> gather = Gather<Recording>.Begin(_engine, FlushSite.Unmapped, 0, _mm, new Recording([]));
        for (uint page = 0; page < pages; page++)
        {
            gather.Extend(First + (page * 512), 512, 9);
            Assert.False(gather.Add(new Pfn((page + 1) * 512), isHuge: true));
        }

        gather.Finish();

        Assert.Equal(flushes, Flushes());
    }

    [Theory]
    [InlineData(false, false, 9678)]
    [InlineData(false, true, 516)]
    [InlineData(true, false, 4 + (19 * 255))]
    public void Add_FullAsLinuxIs(bool huge, bool delayed, int entries)
    {
        Gather<Recording> gather = Gather<Recording>.Begin(_engine, FlushSite.Unmapped, 0, _mm, new Recording([]));
        int added = 1;
        for (; !gather.Add(new Pfn((uint)added), huge, delayed); added++)
        {
        }

        Assert.Equal(entries, added);
        gather.Extend(First, 1, 0);
        gather.Finish();
    }

    [Fact]
    public void Finish_FramesComeBeforeTables_AndBothBehindTheFlush()
    {
        List<string> released = [];
        Gather<Recording> gather = Gather<Recording>.Begin(_engine, FlushSite.Unmapped, 0, _mm, new Recording(released, _engine));
        gather.Extend(First, 2, 0);
        _ = gather.AddTable(9, First);
        _ = gather.Add(new Pfn(5), delayedRmap: true);
        _ = gather.Add(new Pfn(512), isHuge: true);
        Assert.Equal(1, _mm.FlushPending);

        gather.Finish();

        Assert.Equal(["pfn:0x5 delayed after 1", "pfn:0x200 huge after 1", "table 9 after 1"], released);
    }

    [Fact]
    public void Begin_NoNativeMemory_HoldsFewAndStillWorks()
    {
        _faults.Arm(0);
        List<string> released = [];
        Gather<Recording> gather = Gather<Recording>.Begin(_engine, FlushSite.Unmapped, 0, _mm, new Recording(released));
        int flushes = 0;
        for (uint page = 0; page < 20; page++)
        {
            gather.Extend(First + page, 1, 0);
            if (gather.Add(new Pfn(page + 1)))
            {
                gather.Flush();
                flushes++;
            }
        }

        Assert.False(gather.AddTable(3, First));
        gather.Finish();
        _faults.Disarm();

        Assert.Equal((2, 21), (flushes, released.Count));
    }

    [Fact]
    public void WholeSpace_IsOneFlushOfAll()
    {
        Gather<Recording> gather = Gather<Recording>.Begin(_engine, FlushSite.Unmapped, 0, _mm, new Recording([]), wholeSpace: true);
        gather.Extend(First, 1, 0);
        gather.Finish();

        Assert.Equal("F", Flushes());
    }

    [Fact]
    public void SteadyState_AllocatesNothing()
    {
        FlushBatch batch = new(_engine, kernelThread: true);
        Work(batch);

        Assert.Equal(0, ManagedHeap.FewestBytesOf(() => Work(batch)));
    }

    private void Work(FlushBatch batch)
    {
        for (int round = 0; round < 20; round++)
        {
            Gather<Counting> gather = Gather<Counting>.Begin(_engine, FlushSite.Unmapped, 0, _mm, default);
            for (uint page = 0; page < 40; page++)
            {
                if (!_engine[1].TryBegin(page, writes: false, out _))
                {
                    Translation read = new(new Pfn(page + 1), TranslationBits.Valid);
                    _ = _engine[1].BeginFilled(page, read, writes: false);
                }

                _engine[1].End();
                gather.Extend(page, 1, 0);
                _ = gather.Add(new Pfn(page + 1));
                batch.Add(0, _mm, wasDirty: false);
            }

            batch.Flush(0);
            _engine.CheckPending(0, kernelThread: false, _mm);
            gather.Finish();
            _engine[1].SwitchTo(null);
            _engine[1].SwitchTo(_mm);
        }
    }

    // The initiator's flushes, as strides or F.
    private string Flushes()
    {
        List<string> flushes = [];
        foreach (FlushEvent happened in _engine.Log!.Events())
        {
            if (happened.Kind == FlushEventKind.RangeFlush)
            {
                flushes.Add(happened.Pages == FlushEngine.All ? "F" : $"{happened.Pages >> happened.StrideShift}");
            }
        }

        return string.Join(' ', flushes);
    }

    private readonly struct Recording(List<string> released, FlushEngine? engine = null) : IGatherRelease
    {
        public void ReleaseFrame(Pfn frame, bool isHuge, bool delayedRmap) =>
            released.Add($"{frame}{(isHuge ? " huge" : "")}{(delayedRmap ? " delayed" : "")}{After()}");

        public void ReleaseTable(uint leaf) => released.Add($"table {leaf}{After()}");

        private string After() => engine is null ? "" : $" after {engine.Counters.RangeFlushes}";
    }

    private struct Counting : IGatherRelease
    {
        private int _frames;

        public void ReleaseFrame(Pfn frame, bool isHuge, bool delayedRmap) => _frames++;

        public readonly void ReleaseTable(uint leaf)
        {
        }
    }
}
