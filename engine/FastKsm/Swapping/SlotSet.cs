using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastKsm.Swapping;

/// <summary>Slots of one cluster: a bit for each place.</summary>
[InlineArray(SwapLimits.ClusterSlots / Bits)]
internal struct SlotSet
{
    private const int Bits = 64;

    private ulong _first;

    /// <summary>Adds a run.</summary>
    internal void Add(int position, int count)
    {
        for (int at = position; at < position + count; at++)
        {
            this[at / Bits] |= 1UL << (at % Bits);
        }
    }

    /// <summary>The first run from a place on.</summary>
    /// <param name="from">First place to look at.</param>
    /// <param name="position">Where the run begins.</param>
    /// <param name="count">Its length.</param>
    /// <returns>False when there is none.</returns>
    internal readonly bool TryNextRun(int from, out int position, out int count)
    {
        position = Next(from, wanted: true);
        count = Next(position, wanted: false) - position;
        return count != 0;
    }

    // The first place from one on that is in the set, or is not; the number of places if there is none.
    private readonly int Next(int from, bool wanted)
    {
        while (from < SwapLimits.ClusterSlots)
        {
            ulong word = wanted ? this[from / Bits] : ~this[from / Bits];
            word >>= from % Bits;
            if (word != 0)
            {
                return from + BitOperations.TrailingZeroCount(word);
            }

            from = ((from / Bits) + 1) * Bits;
        }

        return SwapLimits.ClusterSlots;
    }
}
