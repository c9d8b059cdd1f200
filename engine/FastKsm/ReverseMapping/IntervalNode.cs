using System;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FastKsm.Memory;
using FastKsm.Simd;

namespace FastKsm.ReverseMapping;

/// <summary>Node of a tree of intervals: 64 entries in columns, 1472 bytes, which are 23 cache lines.</summary>
/// <remarks>
/// In a leaf an entry is (key, last index, VMA); in an inner node it is (a key not above any in the child, the largest last
/// index in the child, node). The key of an inner node's first entry is 0: all below the second goes there. Behind
/// the last entry keys are the largest number and last indexes 0, so that nobody need ask how many there are.
/// Entries lie in eight groups, each with a cache line of keys and one of last indexes. The first key of every group stands
/// in one more line, and the largest last index in another: a search compares those, and then the lines of one group.
/// Layout: <c>[0] level, leaf before, leaf behind, count  [64] first keys  [128] largest lasts  [192] keys  [704] last
/// indexes  [1216] VMAs or nodes</c>. The slab it lies in begins at a page, so lines are lines.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct IntervalNode : ILeafNode
{
    /// <summary>Entries a node can hold.</summary>
    internal const int Capacity = 64;

    private const int GroupLength = 8;
    private const int Groups = Capacity / GroupLength;

    /// <summary>0 for a leaf.</summary>
    internal int Level;

    /// <inheritdoc/>
    public uint Previous { readonly get; set; }

    /// <inheritdoc/>
    public uint Next { readonly get; set; }

    private int _count;
#pragma warning disable CS0169, IDE0044 // It is there so that the next field begins a cache line.
    private Rest _rest;
#pragma warning restore CS0169, IDE0044
    private Line _firstKeys;
    private Line _largestLasts;
    private LongColumn _keys;
    private LongColumn _lasts;
    private WordColumn _ids;

    /// <summary>Entries in use.</summary>
    internal readonly int Count => _count;

    /// <summary>Keys, ascending.</summary>
    [UnscopedRef]
    internal readonly ReadOnlySpan<ulong> Keys => _keys;

    /// <summary>Last indexes.</summary>
    [UnscopedRef]
    internal readonly ReadOnlySpan<ulong> Lasts => _lasts;

    /// <summary>VMAs (leaf) or nodes.</summary>
    [UnscopedRef]
    internal readonly ReadOnlySpan<uint> Ids => _ids;

    /// <summary>Makes a node of a zero-filled record.</summary>
    internal void Initialize(int level)
    {
        Level = level;
        ((Span<ulong>)_keys).Fill(ulong.MaxValue);
        ((Span<ulong>)_firstKeys).Fill(ulong.MaxValue);
    }

    /// <summary>Entries whose key is at most this one.</summary>
    /// <remarks>
    /// What follows waits for the result, and what takes the least time is to compare eight words one by one, and then eight
    /// more: a vector's result comes to where an address is made of it later than theirs.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly int UpperBound(ulong key)
    {
        int group = int.Max(CountAtMost(in _firstKeys[0], key) - 1, 0) * GroupLength;
        MemoryHint.Prefetch(in _ids[group]); // Mostly read next, and not waited for until then.
        return int.Min(group + CountAtMost(in _keys[group], key), _count);
    }

    /// <summary>Entry of an inner node where a key leads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly int ChildFor(ulong key) => UpperBound(key) - 1;

    /// <summary>Whether of the entries up to one, it and no other reaches an index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool IsOnlyReaching(int at, ulong index)
    {
        int group = at / GroupLength;
        uint one = 1u << (at % GroupLength);
        uint reaching = Reaching(in _lasts[group * GroupLength], index) & (one | (one - 1));
        return (Reaching(in _largestLasts[0], index) & ((1u << group) - 1)) == 0 && reaching == one;
    }

    /// <summary>Entries that may lead to intervals with a last index of at least one number and a key of at most another.</summary>
    /// <param name="first">The number.</param>
    /// <param name="limit">The key.</param>
    /// <returns>A bit for each entry, the first one lowest.</returns>
    internal readonly ulong Candidates(ulong first, ulong limit)
    {
        ulong candidates = 0;
        for (uint groups = AtMost(in _firstKeys[0], limit) & Reaching(in _largestLasts[0], first); groups != 0; groups &= groups - 1)
        {
            int at = BitOperations.TrailingZeroCount(groups) * GroupLength;
            candidates |= (ulong)(AtMost(in _keys[at], limit) & Reaching(in _lasts[at], first)) << at;
        }

        return candidates & (ulong.MaxValue >> (Capacity - _count));
    }

    /// <summary>Asks for what a search reads first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Prefetch()
    {
        MemoryHint.Prefetch(in Level);
        MemoryHint.Prefetch(in _firstKeys[0]);
        MemoryHint.Prefetch(in _largestLasts[0]);
    }

    /// <summary>Largest last index.</summary>
    internal readonly ulong Largest()
    {
        ulong largest = 0;
        for (int group = 0; group * GroupLength < _count; group++)
        {
            largest = ulong.Max(largest, _largestLasts[group]);
        }

        return largest;
    }

    /// <summary>Whether what is known of groups is right, and keys that mean nothing are what they are to be.</summary>
    internal readonly bool IsSummarized()
    {
        IntervalNode anew = this;
        anew.Summarize(0, Capacity - 1);
        return ((ReadOnlySpan<ulong>)anew._firstKeys).SequenceEqual(_firstKeys)
            && ((ReadOnlySpan<ulong>)anew._largestLasts).SequenceEqual(_largestLasts)
            && !Keys[_count..].ContainsAnyExcept(ulong.MaxValue)
            && !Lasts[_count..].ContainsAnyExcept(0UL)
            && (Level == 0 || _keys[0] == 0);
    }

    /// <summary>Changes a key to one that keeps the order.</summary>
    internal void SetKey(int at, ulong key)
    {
        Debug.Assert(at < _count, "No such entry.");
        _keys[at] = key;
        _firstKeys[at / GroupLength] = _keys[at / GroupLength * GroupLength];
    }

    /// <summary>Changes a last index.</summary>
    internal void SetLast(int at, ulong last)
    {
        Debug.Assert(at < _count, "No such entry.");
        _lasts[at] = last;
        SummarizeGroup(at / GroupLength);
    }

    /// <summary>Makes room and enters something there.</summary>
    internal void OpenAt(int at, ulong key, ulong last, uint id)
    {
        Debug.Assert(_count < Capacity && at <= _count, "No room, or not in order.");
        int moved = _count - at;
        Span<ulong> keys = _keys;
        Span<ulong> lasts = _lasts;
        Span<uint> ids = _ids;
        keys.Slice(at, moved).CopyTo(keys[(at + 1)..]);
        lasts.Slice(at, moved).CopyTo(lasts[(at + 1)..]);
        ids.Slice(at, moved).CopyTo(ids[(at + 1)..]);
        (keys[at], lasts[at], ids[at]) = (key, last, id);
        _count++;
        Summarize(at, _count - 1);
    }

    /// <summary>Takes an entry out.</summary>
    internal void CloseAt(int at)
    {
        Debug.Assert(at < _count, "No such entry.");
        Span<ulong> keys = _keys;
        Span<ulong> lasts = _lasts;
        Span<uint> ids = _ids;
        keys[(at + 1).._count].CopyTo(keys[at..]);
        lasts[(at + 1).._count].CopyTo(lasts[at..]);
        ids[(at + 1).._count].CopyTo(ids[at..]);
        _count--;
        (keys[_count], lasts[_count]) = (ulong.MaxValue, 0);
        if (Level != 0 && at == 0)
        {
            keys[0] = 0;
        }

        Summarize(at, _count);
    }

    /// <summary>Moves the entries from one on to the end of another node.</summary>
    internal void MoveTail(int first, ref IntervalNode to)
    {
        int moved = _count - first;
        Debug.Assert(to._count + moved <= Capacity, "No room.");
        Keys.Slice(first, moved).CopyTo(((Span<ulong>)to._keys)[to._count..]);
        Lasts.Slice(first, moved).CopyTo(((Span<ulong>)to._lasts)[to._count..]);
        Ids.Slice(first, moved).CopyTo(((Span<uint>)to._ids)[to._count..]);
        int joint = to._count;
        to._count += moved;
        to.Summarize(joint, to._count - 1);
        ((Span<ulong>)_keys)[first.._count].Fill(ulong.MaxValue);
        ((Span<ulong>)_lasts)[first.._count].Clear();
        _count = first;
        Summarize(first, first + moved - 1);
    }

    // Words of a line that are at most a bound: a bit for each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint AtMost(in ulong line, ulong bound)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return (uint)Vector512.LessThanOrEqual(Vector512.LoadUnsafe(in line), Vector512.Create(bound)).ExtractMostSignificantBits();
        }

        Vector256<ulong> bounds = Vector256.Create(bound);
        Vector256<ulong> low = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(in line), bounds);
        Vector256<ulong> high = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(in line, (nuint)Vector256<ulong>.Count), bounds);
        return low.ExtractMostSignificantBits() | (high.ExtractMostSignificantBits() << Vector256<ulong>.Count);
    }

    // Last indexes of a line that are at least a number. All are below 2^40, so a signed comparison, which is one instruction
    // and knows what is less than 0, is right.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Reaching(in ulong line, ulong first)
    {
        ref readonly long word = ref Unsafe.As<ulong, long>(ref Unsafe.AsRef(in line));
        long below = (long)first - 1;
        if (Vector512.IsHardwareAccelerated)
        {
            return (uint)Vector512.GreaterThan(Vector512.LoadUnsafe(in word), Vector512.Create(below)).ExtractMostSignificantBits();
        }

        Vector256<long> bounds = Vector256.Create(below);
        Vector256<long> low = Vector256.GreaterThan(Vector256.LoadUnsafe(in word), bounds);
        Vector256<long> high = Vector256.GreaterThan(Vector256.LoadUnsafe(in word, (nuint)Vector256<long>.Count), bounds);
        return low.ExtractMostSignificantBits() | (high.ExtractMostSignificantBits() << Vector256<long>.Count);
    }

    // The same, counted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CountAtMost(in ulong line, ulong bound)
    {
        return BitOperations.PopCount(AtMost(in line, bound));
    }

    private void Summarize(int from, int to)
    {
        for (int group = from / GroupLength; group <= to / GroupLength; group++)
        {
            SummarizeGroup(group);
        }
    }

    private void SummarizeGroup(int group)
    {
        int first = group * GroupLength;
        ref ulong last = ref _lasts[first];
        ulong low = ulong.Max(ulong.Max(last, Unsafe.Add(ref last, 1)), ulong.Max(Unsafe.Add(ref last, 2), Unsafe.Add(ref last, 3)));
        ulong high = ulong.Max(
            ulong.Max(Unsafe.Add(ref last, 4), Unsafe.Add(ref last, 5)), ulong.Max(Unsafe.Add(ref last, 6), Unsafe.Add(ref last, 7)));
        (_firstKeys[group], _largestLasts[group]) = (_keys[first], ulong.Max(low, high));
    }

    [InlineArray(6)]
    private struct Rest
    {
        private ulong _first;
    }

    [InlineArray(GroupLength)]
    private struct Line
    {
        private ulong _first;
    }

    [InlineArray(Capacity)]
    private struct LongColumn
    {
        private ulong _first;
    }

    [InlineArray(Capacity)]
    private struct WordColumn
    {
        private uint _first;
    }
}
