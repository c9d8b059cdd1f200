using System;
using System.Diagnostics;
using System.Numerics;

namespace FastKsm.Cli.Scenarios.ZeroColours;

/// <summary>One level of cache: which lines are in it. Replaces the line of a set that was used longest ago.</summary>
/// <remarks>Thread safety: none.</remarks>
internal sealed class SetAssociativeCache
{
    private readonly ulong[] _tags; // Physical line + 1, the last used of a set first; 0 is empty.
    private readonly int _ways;
    private readonly int _lineShift;
    private readonly ulong _setMask;
    private readonly bool _isVirtuallyIndexed;
    private readonly ulong _colourMask; // Bits of the set that lie above the offset in a page.

    /// <param name="level">Its figures, without <see cref="CacheLevel.Fault"/>.</param>
    /// <param name="pageBytes">Bytes of a page; a power of two.</param>
    internal SetAssociativeCache(CacheLevel level, int pageBytes)
    {
        Debug.Assert(level.Fault is null && BitOperations.IsPow2(pageBytes), "Options were validated at the edge.");
        _ways = level.Ways;
        _lineShift = BitOperations.Log2((uint)level.LineBytes);
        _setMask = (ulong)level.Sets - 1;
        _isVirtuallyIndexed = level.IsVirtuallyIndexed;
        _colourMask = _setMask & ~(((ulong)pageBytes >> _lineShift) - 1);
        _tags = new ulong[level.Sets * level.Ways];
    }

    /// <summary>Reads through the cache.</summary>
    /// <param name="virtualAddress">Address by which the program reads.</param>
    /// <param name="physicalAddress">Address in memory; the same offset in a page.</param>
    /// <returns>Whether the line was there; it is afterwards.</returns>
    internal bool Read(ulong virtualAddress, ulong physicalAddress)
    {
        ulong tag = (physicalAddress >> _lineShift) + 1;
        ulong set = ((_isVirtuallyIndexed ? virtualAddress : physicalAddress) >> _lineShift) & _setMask;
        Span<ulong> lines = SetOf(set);
        if (lines[0] == tag)
        {
            return true;
        }

        int way = lines.IndexOf(tag);
        bool hit = way >= 0;
        if (!hit)
        {
            way = _ways - 1;
            if (_isVirtuallyIndexed)
            {
                DropSynonyms(set, tag);
            }
        }

        lines[..way].CopyTo(lines[1..]);
        lines[0] = tag;
        return hit;
    }

    private Span<ulong> SetOf(ulong set) => _tags.AsSpan((int)set * _ways, _ways);

    // The same line under a virtual address of another colour lies in another set.
    private void DropSynonyms(ulong set, ulong tag)
    {
        for (ulong colour = 0; ; colour = (colour - _colourMask) & _colourMask)
        {
            Span<ulong> lines = SetOf((set & ~_colourMask) | colour);
            int way = lines.IndexOf(tag);
            if (way >= 0)
            {
                lines[(way + 1)..].CopyTo(lines[way..]);
                lines[^1] = 0;
                return;
            }

            if (colour == _colourMask)
            {
                return;
            }
        }
    }
}
