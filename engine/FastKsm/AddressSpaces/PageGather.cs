using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>The gather of an operation over a range of an address space: one flush serves all that it kills and gives up.</summary>
/// <remarks>
/// A thin form of <see cref="Gather{TRelease}"/>, which says when a flush is forced. With no latch held: any member but the first two may
/// flush. Belongs to one thread; the default value gathers nothing.
/// </remarks>
internal ref struct PageGather
{
    private readonly bool _isOn;
    private Gather<GatherRelease> _gather;

    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="site">Which of the engine's flushes its flushes are.</param>
    /// <param name="wholeSpace">Whether the address space ends.</param>
    internal PageGather(AddressSpace space, int cpu, FlushSite site, bool wholeSpace = false)
    {
        Cpu = cpu;
        _isOn = true;
        _gather = Gather<GatherRelease>.Begin(
            space.Store.Flushes, site, cpu, space.Translations, new GatherRelease(space, cpu), wholeSpace, KernelThread.IsOn);
    }

    /// <summary>CPU that acts.</summary>
    internal int Cpu { get; }

    /// <summary>Takes over what an edit owes.</summary>
    internal void Add(in FlushDebt debt)
    {
        if (debt.IsOwed)
        {
            _gather.Extend(debt.First, debt.Pages, debt.StrideShift);
        }
    }

    /// <summary>The translation of a page has been killed.</summary>
    internal void AddPage(ulong page) => _gather.Extend(page, 1, strideShift: 0);

    /// <summary>A huge mapping has been killed.</summary>
    internal void AddHuge(ulong firstPage) => _gather.Extend(firstPage, PteLeaf.Length, PteLeaf.Shift);

    /// <summary>A frame that has lost a mapping, and whose reference is given back behind the flush.</summary>
    /// <param name="frame">The frame, or the first one of a huge page.</param>
    /// <param name="isHuge">Whether it stands for all of a huge page.</param>
    internal void AddFrame(Pfn frame, bool isHuge = false)
    {
        if (_gather.Add(frame, isHuge))
        {
            _gather.Flush();
        }
    }

    /// <summary>A page table that has been unlinked, which is freed behind the flush.</summary>
    /// <param name="leaf">Its id.</param>
    /// <param name="firstPage">First of its pages.</param>
    internal void AddTable(uint leaf, ulong firstPage)
    {
        if (_gather.AddTable(leaf, firstPage))
        {
            _gather.Flush();
        }
    }

    /// <summary>A directory of page tables has been freed.</summary>
    internal void AddDirectory(ulong firstPage) => _gather.AddDirectory(firstPage, PageTable.DirectoryShift);

    /// <summary>Flushes what has been killed so far, and keeps what has been given up.</summary>
    internal void FlushTranslations() => _gather.FlushTranslations();

    /// <summary>Flushes what has been killed so far, and lets go of what has been given up.</summary>
    internal void Flush() => _gather.Flush();

    /// <summary>Flushes, lets go of everything, and ends.</summary>
    internal void Finish()
    {
        if (_isOn)
        {
            _gather.Finish();
        }
    }
}
