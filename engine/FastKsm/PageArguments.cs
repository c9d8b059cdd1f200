using FastKsm.Primitives;

namespace FastKsm;

/// <summary>
/// Addresses and lengths in bytes, as callers give them, to numbers of pages: refused at the edge when they are none.
/// </summary>
/// <param name="PageShift">Binary logarithm of the page size.</param>
/// <param name="PageLimit">One past the largest page number of an address space.</param>
internal readonly record struct PageArguments(int PageShift, ulong PageLimit)
{
    /// <summary>Number of pages in a length.</summary>
    /// <param name="bytes">A positive number of whole pages, in bytes.</param>
    /// <param name="parameter">Name of the argument.</param>
    internal ulong Length(ulong bytes, string parameter)
    {
        ulong pages = Aligned(bytes, parameter);
        if (pages == 0 || pages > PageLimit)
        {
            Throw.OutOfRange(parameter, bytes, $"1 to {PageLimit} pages");
        }

        return pages;
    }

    /// <summary>First page of a range.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="pages">Pages in the range.</param>
    /// <param name="parameter">Name of the argument.</param>
    internal ulong Start(ulong address, ulong pages, string parameter)
    {
        ulong start = Aligned(address, parameter);
        if (start > PageLimit - pages)
        {
            Throw.OutOfRange(parameter, address, $"a range below 0x{PageLimit << PageShift:x}");
        }

        return start;
    }

    /// <summary>First page of a range, and one past its last.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">A positive number of whole pages, in bytes.</param>
    internal (ulong Start, ulong End) Range(ulong address, ulong length)
    {
        ulong pages = Length(length, nameof(length));
        ulong start = Start(address, pages, nameof(address));
        return (start, start + pages);
    }

    /// <summary>Number of the page at an address.</summary>
    /// <param name="value">An address or a length of whole pages.</param>
    /// <param name="parameter">Name of the argument.</param>
    internal ulong Aligned(ulong value, string parameter)
    {
        if ((value & ((1UL << PageShift) - 1)) != 0)
        {
            Throw.NotPageAligned(parameter, value, 1UL << PageShift);
        }

        return value >> PageShift;
    }
}
