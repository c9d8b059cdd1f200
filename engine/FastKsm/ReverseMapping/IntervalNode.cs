using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FastKsm.Simd;

namespace FastKsm.ReverseMapping;

/// <summary>Node of a tree of intervals: 64 entries in columns, 1296 bytes.</summary>
/// <remarks>
/// In a leaf an entry is (key, last index, VMA); in an inner node it is (a key not above any in the child, the largest last
/// index in the child, node). The key of an inner node's first entry means nothing: all below the second goes there.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct IntervalNode
{
    /// <summary>Entries a node can hold.</summary>
    internal const int Capacity = 64;

    private const int CacheLine = 64;

    /// <summary>Entries in use.</summary>
    internal int Count;

    /// <summary>0 for a leaf.</summary>
    internal int Level;

    /// <summary>Leaf before this one; 0 for none.</summary>
    internal uint Previous;

    /// <summary>Leaf behind this one; 0 for none.</summary>
    internal uint Next;

    /// <summary>Keys, ascending.</summary>
    internal LongColumn Keys;

    /// <summary>Last indexes.</summary>
    internal LongColumn Lasts;

    /// <summary>VMAs (leaf) or nodes.</summary>
    internal WordColumn Ids;

    /// <summary>Entries whose key is at most this one. Branch-free halving over eight cache lines, of which it touches four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly int UpperBound(int from, ulong key)
    {
        ReadOnlySpan<ulong> keys = Keys;
        int low = from;
        int length = Count - from;
        while (length > 0)
        {
            int half = (length + 1) >> 1;
            low += keys[low + half - 1] <= key ? half : 0;
            length -= half;
        }

        return low;
    }

    /// <summary>Asks for the keys, all at once, before they are compared one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Prefetch()
    {
        ReadOnlySpan<ulong> keys = Keys;
        for (int key = 0; key < Capacity; key += CacheLine / sizeof(ulong))
        {
            MemoryHint.Prefetch(in keys[key]);
        }
    }

    /// <summary>Entry of an inner node where a key leads.</summary>
    internal readonly int ChildFor(ulong key) => UpperBound(1, key) - 1;

    /// <summary>First entry of a run whose last index reaches an index; <paramref name="end"/> if none does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly int NextReaching(int at, int end, ulong index)
    {
        Debug.Assert(end <= Capacity, "Entries of another node.");

        // Indexes are below 2^40, so a signed comparison, which is one instruction, is right.
        ref readonly long first = ref Unsafe.As<ulong, long>(ref Unsafe.AsRef(in Lasts[0]));
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<long> wanted = Vector256.Create((long)index - 1);
            for (; at + Vector256<long>.Count <= end; at += Vector256<long>.Count)
            {
                Vector256<long> reaches = Vector256.GreaterThan(Vector256.LoadUnsafe(in first, (nuint)at), wanted);
                uint mask = reaches.ExtractMostSignificantBits();
                if (mask != 0)
                {
                    return at + System.Numerics.BitOperations.TrailingZeroCount(mask);
                }
            }
        }

        while (at < end && Lasts[at] < index)
        {
            at++;
        }

        return at;
    }

    /// <summary>Largest last index.</summary>
    internal readonly ulong Largest()
    {
        ulong largest = 0;
        foreach (ulong last in ((ReadOnlySpan<ulong>)Lasts)[..Count])
        {
            largest = ulong.Max(largest, last);
        }

        return largest;
    }

    /// <summary>Makes room and enters something there.</summary>
    internal void OpenAt(int at, ulong key, ulong last, uint id)
    {
        Debug.Assert(Count < Capacity && at <= Count, "No room, or not in order.");
        int moved = Count - at;
        Span<ulong> keys = Keys;
        Span<ulong> lasts = Lasts;
        Span<uint> ids = Ids;
        keys.Slice(at, moved).CopyTo(keys[(at + 1)..]);
        lasts.Slice(at, moved).CopyTo(lasts[(at + 1)..]);
        ids.Slice(at, moved).CopyTo(ids[(at + 1)..]);
        (keys[at], lasts[at], ids[at]) = (key, last, id);
        Count++;
    }

    /// <summary>Takes an entry out.</summary>
    internal void CloseAt(int at)
    {
        Span<ulong> keys = Keys;
        Span<ulong> lasts = Lasts;
        Span<uint> ids = Ids;
        keys[(at + 1)..Count].CopyTo(keys[at..]);
        lasts[(at + 1)..Count].CopyTo(lasts[at..]);
        ids[(at + 1)..Count].CopyTo(ids[at..]);
        Count--;
    }

    /// <summary>Moves the entries from one on to the end of another node.</summary>
    internal void MoveTail(int first, ref IntervalNode to)
    {
        int moved = Count - first;
        Debug.Assert(to.Count + moved <= Capacity, "No room.");
        ((ReadOnlySpan<ulong>)Keys).Slice(first, moved).CopyTo(((Span<ulong>)to.Keys)[to.Count..]);
        ((ReadOnlySpan<ulong>)Lasts).Slice(first, moved).CopyTo(((Span<ulong>)to.Lasts)[to.Count..]);
        ((ReadOnlySpan<uint>)Ids).Slice(first, moved).CopyTo(((Span<uint>)to.Ids)[to.Count..]);
        to.Count += moved;
        Count = first;
    }

    /// <summary>64 words of 64 bits in place.</summary>
    [InlineArray(Capacity)]
    internal struct LongColumn
    {
        private ulong _first;
    }

    /// <summary>64 ids in place.</summary>
    [InlineArray(Capacity)]
    internal struct WordColumn
    {
        private uint _first;
    }
}
