using System;
using System.Buffers.Binary;

namespace FastKsm.Cli.Evaluation;

/// <summary>Eight bytes that keep the order of pages: where two keys differ, memcmp of the pages says the same.</summary>
/// <remarks>
/// A page that does not begin with eight zero bytes: the highest bit, then its first 63 bits. Any other one: how far its first
/// word that is not zero is from the end, then the first 50 bits of that word. A page of zeroes has the lowest key, 0.
/// </remarks>
internal static class OrderKey
{
    private const ulong NotZeroAtFirst = 1UL << 63;
    private const int PositionShift = 50;
    private const int WordBits = 64;

    /// <summary>The key of a page.</summary>
    /// <param name="page">Its bytes; a multiple of eight, 64 KiB at most.</param>
    internal static ulong Of(ReadOnlySpan<byte> page)
    {
        ulong first = BinaryPrimitives.ReadUInt64BigEndian(page);
        if (first != 0)
        {
            return NotZeroAtFirst | (first >> 1);
        }

        int at = page.IndexOfAnyExcept((byte)0);
        if (at < 0)
        {
            return 0;
        }

        int word = at / sizeof(ulong);
        ulong behind = (ulong)((page.Length / sizeof(ulong)) - word);
        return (behind << PositionShift)
            | (BinaryPrimitives.ReadUInt64BigEndian(page[(word * sizeof(ulong))..]) >> (WordBits - PositionShift));
    }
}
