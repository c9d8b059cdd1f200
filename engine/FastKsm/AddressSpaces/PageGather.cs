using System;
using System.Buffers;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Collects what an operation over a range kills and gives up, so that one flush serves all of it (<c>mmu_gather</c>).</summary>
/// <remarks>
/// No frame and no page table goes back to its allocator before the flush after which no CPU leads to it. What is collected has a bound,
/// Linux's: the page that reaches it forces a flush on the spot, with no latch held. Belongs to one thread; the default value
/// collects nothing.
/// </remarks>
internal ref struct PageGather
{
    // 7 places at hand and 19 batches of 510 of which the last place asks for the next batch (reference, 3.2).
    private const int MostFrames = 7 + (19 * 509);

    private readonly AddressSpace? _space;
    private readonly int _cpu;
    private readonly FlushSite _site;
    private FlushDebt _debt;
    private uint[]? _frames;
    private int _count;
    private int _places;
    private uint[]? _tables;
    private int _tableCount;
    private bool _freesTables;

    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="site">Which of the engine's flushes its flushes are.</param>
    internal PageGather(AddressSpace space, int cpu, FlushSite site)
    {
        _space = space;
        _cpu = cpu;
        _site = site;
    }

    /// <summary>CPU that acts.</summary>
    internal readonly int Cpu => _cpu;

    /// <summary>Takes over what an edit owes. With its latch given back.</summary>
    internal void Add(in FlushDebt debt) => _debt.Add(debt);

    /// <summary>The translation of a page has been killed.</summary>
    internal void AddPage(ulong page) => _debt.AddPage(page);

    /// <summary>A huge mapping has been killed.</summary>
    internal void AddHuge(ulong firstPage) => _debt.AddHuge(firstPage);

    /// <summary>A frame that has lost a mapping, and whose reference is given back behind the flush.</summary>
    /// <param name="frame">The frame, or the first one of a huge page.</param>
    /// <param name="places">Places that it takes: one, or two for a huge page.</param>
    internal void AddFrame(Pfn frame, int places = 1)
    {
        _frames ??= ArrayPool<uint>.Shared.Rent(MostFrames + 2);
        _frames[_count++] = frame.Number;
        _places += places;
        if (_places >= MostFrames)
        {
            Flush();
        }
    }

    /// <summary>A page table that has been unlinked, which is freed behind the flush.</summary>
    /// <param name="leaf">Its id.</param>
    /// <param name="firstPage">First of its pages.</param>
    internal void AddTable(uint leaf, ulong firstPage)
    {
        _tables ??= ArrayPool<uint>.Shared.Rent(PageTable.LeavesAtOnce);
        _tables[_tableCount++] = leaf;
        _debt.AddTable(firstPage);
        _freesTables = true;
        if (_tableCount == PageTable.LeavesAtOnce)
        {
            Flush();
        }
    }

    /// <summary>Flushes what has been killed so far, and keeps what has been given up.</summary>
    internal void FlushTranslations()
    {
        if (_debt.IsOwed)
        {
            _space!.Store.Flush(_cpu, _space, _site, _debt, _freesTables);
            _debt = default;
            _freesTables = false;
        }
    }

    /// <summary>Flushes what has been killed so far, and lets go of what has been given up.</summary>
    internal void Flush()
    {
        FlushTranslations();
        if (_space is null)
        {
            return;
        }

        PhysicalMemory frames = _space.Store.Frames;
        for (int i = 0; i < _count; i++)
        {
            frames.Release(_cpu, new Pfn(_frames![i]));
        }

        if (_tableCount != 0)
        {
            _space.Table.FreeLeaves(_tables.AsSpan(0, _tableCount));
        }

        (_count, _places, _tableCount) = (0, 0, 0);
    }

    /// <summary>Flushes, lets go of everything, and ends.</summary>
    internal void Finish()
    {
        Flush();
        if (_frames is not null)
        {
            ArrayPool<uint>.Shared.Return(_frames);
        }

        if (_tables is not null)
        {
            ArrayPool<uint>.Shared.Return(_tables);
        }

        this = default;
    }
}
