using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastKsm.Tlb;

/// <summary>Collects what an unmapping gives up, flushes once, and lets go of it then (<c>mmu_gather</c>).</summary>
/// <typeparam name="TRelease">Lets go.</typeparam>
/// <remarks>
/// No frame and no page table is let go before the flush of this gather. A flush is forced, without it being the last,
/// when so much is held back as Linux's batches hold; then it is due as soon as the leaf's latch has been left. Thread
/// safety: none; one operation's own.
/// </remarks>
internal ref struct Gather<TRelease>
    where TRelease : struct, IGatherRelease
{
    private const uint FrameMask = (1u << 28) - 1;
    private const uint Huge = 1u << 30;
    private const uint DelayedRmap = 1u << 31;
    private const int HugeSlots = 2;
    private const int TableStride = 9;

    private readonly FlushEngine _engine;
    private readonly SpaceTranslations _mm;
    private readonly GatherQueue? _queue;
    private readonly Span<uint> _frames;
    private readonly int _cpu;
    private readonly FlushSite _site;
    private readonly bool _kernelThread;
#pragma warning disable IDE0044 // It counts; read-only, each call would count in a copy.
    private TRelease _release;
#pragma warning restore IDE0044
    private FewFrames _few;
    private bool _wholeSpace;
    private bool _freedTables;
    private bool _delays;
    private bool _isFull;
    private int _held;
    private int _tables;

    // Of the batch that is being filled.
    private int _batch;
    private int _slots;

    // What the next flush covers: none if the end is 0.
    private ulong _first;
    private ulong _end;
    private int _strideShift;

    private Gather(
        FlushEngine engine, FlushSite site, int cpu, SpaceTranslations mm, TRelease release, bool wholeSpace,
        bool kernelThread)
    {
        _engine = engine;
        _site = site;
        _cpu = cpu;
        _mm = mm;
        _release = release;
        _wholeSpace = wholeSpace;
        _kernelThread = kernelThread;
        _queue = engine.TakeQueue();
        _frames = _queue is null ? default : _queue.Frames;
        ResetRange();
    }

    /// <summary>Begins; counts in the address space's pending flushes until <see cref="Finish"/>.</summary>
    /// <param name="engine">The machine's flushes.</param>
    /// <param name="site">Which of the engine's flushes its flushes are.</param>
    /// <param name="cpu">The CPU that unmaps.</param>
    /// <param name="mm">The address space.</param>
    /// <param name="release">Lets go.</param>
    /// <param name="wholeSpace">Whether the address space ends: its flush is one of all, and frees tables.</param>
    /// <param name="kernelThread">Whether a kernel thread calls.</param>
    internal static Gather<TRelease> Begin(
        FlushEngine engine,
        FlushSite site,
        int cpu,
        SpaceTranslations mm,
        TRelease release,
        bool wholeSpace = false,
        bool kernelThread = false)
    {
        // Before the first entry is changed: an operation that finds one changed, and looks here, finds that it may
        // still be in use.
        mm.BeginGather();
        return new Gather<TRelease>(engine, site, cpu, mm, release, wholeSpace, kernelThread);
    }

    /// <summary>What lets go, with what it has counted.</summary>
    internal readonly TRelease Release => _release;

    /// <summary>Frames and runs held back.</summary>
    internal readonly int Held => _held;

    /// <summary>Whether a flush is due.</summary>
    internal readonly bool IsFull => _isFull;

    /// <summary>Holds a frame back.</summary>
    /// <param name="frame">The frame; of a huge one the first.</param>
    /// <param name="isHuge">Whether it stands for all frames of a huge one.</param>
    /// <param name="delayedRmap">Whether it is a dirty page of a file, whose map count outlives the flush, too.</param>
    /// <returns>
    /// True when the queue is full: <see cref="Flush"/> is due as soon as the leaf's latch has been left.
    /// </returns>
    internal bool Add(Pfn frame, bool isHuge = false, bool delayedRmap = false)
    {
        Debug.Assert(frame.IsSome && (frame.Number & ~FrameMask) == 0, "Frame number out of range.");
        Debug.Assert(!_isFull, "A flush is due.");
        if (_isFull)
        {
            Flush();
        }

        uint entry = frame.Number | (isHuge ? Huge : 0) | (delayedRmap ? DelayedRmap : 0);
        if (_queue is null)
        {
            _few[_held] = entry;
        }
        else
        {
            _frames[_held] = entry;
        }

        _held++;
        _delays |= delayedRmap;
        _slots += isHuge ? HugeSlots : 1;
        int last = (_batch == 0 ? GatherLimits.StackSlots : GatherLimits.PageSlots) - 1;
        if (_slots >= last)
        {
            int batches = _queue is null ? 0 : _delays ? GatherLimits.PagesWhileDelayed : GatherLimits.Pages;
            if (_batch < batches)
            {
                _batch++;
                _slots = 0;
            }
            else
            {
                _isFull = true;
            }
        }

        return _isFull;
    }

    /// <summary>Holds back a page table that has been unlinked.</summary>
    /// <param name="leaf">Its id.</param>
    /// <param name="firstPage">First of its pages.</param>
    /// <returns>True when the queue is full, as with <see cref="Add"/>.</returns>
    internal bool AddTable(uint leaf, ulong firstPage)
    {
        if (_tables == GatherLimits.Tables)
        {
            Flush();
        }

        // Linux extends the range by a page for a table, and it counts as a huge page's entry.
        Extend(firstPage, 1, TableStride);
        _freedTables = true;
        if (_queue is null)
        {
            // No room to hold it back: it waits for a flush of its own.
            Flush();
            _release.ReleaseTable(leaf);
            return false;
        }

        _queue.Tables[_tables++] = leaf;
        return _tables == GatherLimits.Tables;
    }

    /// <summary>A table above page tables has gone, which as on Linux counts as one of its entries.</summary>
    /// <param name="firstPage">First of its pages.</param>
    /// <param name="strideShift">Binary logarithm of its pages.</param>
    internal void AddDirectory(ulong firstPage, int strideShift)
    {
        Extend(firstPage, 1, strideShift);
        _freedTables = true;
    }

    /// <summary>Entries of a range have been changed: the flush will cover them.</summary>
    /// <param name="page">First page.</param>
    /// <param name="pages">Pages; at least one.</param>
    /// <param name="strideShift">
    /// Binary logarithm of the pages that an entry stands for; the smallest one is the flush's.
    /// </param>
    internal void Extend(ulong page, ulong pages, int strideShift)
    {
        _first = Math.Min(_first, page);
        _end = Math.Max(_end, page + pages);
        _strideShift = Math.Min(_strideShift, strideShift);
    }

    /// <summary>Flushes what has been changed so far and lets go of what is held.</summary>
    internal void Flush()
    {
        if (_engine.Bug == PlantedBug.ReleasedBeforeFlush)
        {
            LetGo();
        }

        if (_engine.Bug == PlantedBug.TablesReleasedBeforeFlush)
        {
            LetGoOfTables();
        }

        FlushRange();
        LetGo();
    }

    /// <summary>The same for the last time.</summary>
    internal void Finish()
    {
        if (_mm.FlushPending > 1 && _engine.Bug != PlantedBug.NestedNotSeen)
        {
            // Another gather may have changed entries that this one then found changed, and passed over, and not have
            // flushed yet. What this operation promises covers them: it flushes all, on lazy CPUs, too.
            _wholeSpace = true;
            _freedTables = true;
        }

        Flush();
        if (_queue is not null)
        {
            _engine.ReturnQueue(_queue);
        }

        // After the flush: an operation that reads less than two has the other's flush behind it.
        _mm.EndGather();
    }

    /// <summary>Flushes what has been changed so far, and goes on holding back what is held.</summary>
    internal void FlushTranslations() => FlushRange();

    private void FlushRange()
    {
        if (_engine.Bug == PlantedBug.GatherNotFlushed)
        {
            // Nothing has been flushed, and nothing is owed any more.
        }
        else if (_wholeSpace && (_freedTables || _end != 0))
        {
            _engine.Flush(_site, _cpu, _kernelThread, _mm, 0, FlushEngine.All, 0, freedTables: true);
        }
        else if (_end != 0)
        {
            _engine.Flush(_site, _cpu, _kernelThread, _mm, _first, _end - _first, _strideShift, _freedTables);
        }

        ResetRange();
    }

    private void LetGo()
    {
        for (int i = 0; i < _held; i++)
        {
            uint entry = _queue is null ? _few[i] : _frames[i];
            _release.ReleaseFrame(new Pfn(entry & FrameMask), (entry & Huge) != 0, (entry & DelayedRmap) != 0);
        }

        LetGoOfTables();
        _held = 0;
        _batch = 0;
        _slots = 0;
        _delays = false;
        _isFull = false;
    }

    private void LetGoOfTables()
    {
        for (int i = 0; i < _tables; i++)
        {
            _release.ReleaseTable(_queue!.Tables[i]);
        }

        _tables = 0;
    }

    private void ResetRange()
    {
        _first = ulong.MaxValue;
        _end = 0;
        _strideShift = int.MaxValue;
        _freedTables = false;
    }

    /// <summary>Where frames wait when the host has no memory for a queue.</summary>
    [InlineArray(GatherLimits.StackSlots)]
    private struct FewFrames
    {
        private uint _first;
    }
}
