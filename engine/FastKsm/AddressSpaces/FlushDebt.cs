using System.Diagnostics;

namespace FastKsm.AddressSpaces;

/// <summary>The flush that changes of page-table entries owe: a range, and whether single pages are in it.</summary>
/// <remarks>Belongs to one thread.</remarks>
internal struct FlushDebt
{
    private bool _hasPages;

    /// <summary>First page that is owed.</summary>
    internal ulong First { get; private set; }

    /// <summary>One past the last page that is owed; 0 when nothing is.</summary>
    internal ulong End { get; private set; }

    /// <summary>Whether a flush is owed.</summary>
    internal readonly bool IsOwed => End != 0;

    /// <summary>Pages in the range.</summary>
    internal readonly ulong Pages => End - First;

    /// <summary>
    /// Pages, as a power of two, that one invalidation takes: 0, or that of a leaf where only huge mappings have changed.
    /// </summary>
    internal readonly int StrideShift => _hasPages ? 0 : PteLeaf.Shift;

    /// <summary>The translation of a page is killed.</summary>
    internal void AddPage(ulong page)
    {
        Add(page, 1);
        _hasPages = true;
    }

    /// <summary>A huge mapping is killed.</summary>
    internal void AddHuge(ulong firstPage) => Add(firstPage, PteLeaf.Length);

    /// <summary>The translations of single pages of a range are killed.</summary>
    internal void AddRange(ulong page, ulong pages)
    {
        if (pages != 0)
        {
            Add(page, pages);
            _hasPages = true;
        }
    }

    /// <summary>What another debt holds.</summary>
    internal void Add(in FlushDebt other)
    {
        if (other.IsOwed)
        {
            Add(other.First, other.Pages);
            _hasPages |= other._hasPages;
        }
    }

    private void Add(ulong page, ulong pages)
    {
        Debug.Assert(page + pages != 0, "A range ends within the address space.");
        First = IsOwed ? ulong.Min(First, page) : page;
        End = ulong.Max(End, page + pages);
    }
}
