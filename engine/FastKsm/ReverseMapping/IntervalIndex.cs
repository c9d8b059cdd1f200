using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using FastKsm.Memory;

namespace FastKsm.ReverseMapping;

/// <summary>The intervals of all anon_vmas: who may map the page with a given linear index.</summary>
/// <remarks>
/// One interval lies in the anon_vma's record, up to 16 in an array, more in a B+-tree with the largest last index of every
/// child. The order everywhere is (start, insertion sequence): walks that replace PTEs depend on meeting a parent's VMA
/// before a child's, and a walk that was interrupted goes on from a key. A sequence number is one more than that of the
/// last interval with the same start, so 24 bits are enough for 2^24 insertions at one start without it ever being without
/// intervals; then those of that start are numbered anew.
/// Thread safety: changing under a sole hold of the family's structure latch; finding under a shared one, or without, by
/// <see cref="TryFind"/>.
/// </remarks>
internal sealed partial class IntervalIndex : IDisposable
{
    /// <summary>Largest page index that an interval can contain.</summary>
    internal const ulong MaxIndex = (1UL << (64 - IntervalEntry.SequenceBits)) - 1;

    // 16^9 entries are beyond 32-bit ids, even in a tree whose nodes are all at their emptiest.
    private const int MaxHeight = 9;

    private readonly NativeSlab<FewIntervals> _few;
    private readonly NativeSlab<SomeIntervals> _some;
    private readonly NativeSlab<IntervalNode> _nodes;

    /// <param name="capacity">Largest number of intervals.</param>
    /// <param name="faults">Asked at every allocation.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal IntervalIndex(uint capacity, AllocationFaults faults)
    {
        _few = new NativeSlab<FewIntervals>(capacity, faults);
        _some = new NativeSlab<SomeIntervals>(capacity / FewIntervals.Capacity, faults);
        _nodes = new NativeSlab<IntervalNode>((capacity / SomeIntervals.Capacity) + MaxHeight, faults);
    }

    /// <summary>Bytes of native records in use.</summary>
    internal long UsedBytes => _few.UsedBytes + _some.UsedBytes + _nodes.UsedBytes;

    /// <summary>Sets aside what some insertions may need.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPromise(uint insertions, ref IntervalPromise promise)
    {
        if (!_few.TryPromise(insertions))
        {
            return false;
        }

        if (!_some.TryPromise(insertions))
        {
            _few.CancelPromise(insertions);
            return false;
        }

        if (!_nodes.TryPromise(insertions * MaxHeight))
        {
            _few.CancelPromise(insertions);
            _some.CancelPromise(insertions);
            return false;
        }

        promise.Few += insertions;
        promise.Some += insertions;
        promise.Nodes += insertions * MaxHeight;
        return true;
    }

    /// <summary>Gives up what is left of a promise.</summary>
    internal void Cancel(ref IntervalPromise promise)
    {
        _few.CancelPromise(promise.Few);
        _some.CancelPromise(promise.Some);
        _nodes.CancelPromise(promise.Nodes);
        (promise.Few, promise.Some, promise.Nodes) = (0, 0, 0);
    }

    /// <summary>Finds intervals that overlap a range, in the order of their keys. Under the lock.</summary>
    /// <inheritdoc cref="TryFind"/>
    internal int Find(
        in IntervalRoot root, ulong first, ulong last, ref ulong next, Span<IntervalEntry> found, ref long visited)
    {
        _ = TryFind(in root, first, last, ref next, found, ref visited, default(HeldGuard), out int count);
        return count;
    }

    /// <summary>Finds intervals that overlap a range, in the order of their keys.</summary>
    /// <param name="root">The index.</param>
    /// <param name="first">
    /// First page index of the range; equal to <paramref name="last"/> for those that contain one page.
    /// </param>
    /// <param name="last">Last page index of the range.</param>
    /// <param name="next">Smallest key to consider; on return, where to go on.</param>
    /// <param name="found">Receives what is found. Less than it can hold: there are no more.</param>
    /// <param name="visited">
    /// Grows by one for every node of the tree (an array is one) and every interval found.
    /// </param>
    /// <param name="guard">
    /// Asked before an id that was read is followed, and at the end: records of nodes stay readable after they have been
    /// freed, but what was read in one that has changed may name anything.
    /// </param>
    /// <param name="count">Number found.</param>
    /// <returns>False when the guard did not hold; nothing has been found then, nor counted.</returns>
    internal bool TryFind<TGuard>(
        in IntervalRoot root, ulong first, ulong last, ref ulong next, Span<IntervalEntry> found, ref long visited, TGuard guard,
        out int count)
        where TGuard : struct, IReadGuard
    {
        count = 0;
        long nodes = 0;
        if (root.Tier == IntervalTier.Tree)
        {
            uint top = root.Node;
            if (!guard.Holds)
            {
                return false;
            }

            ulong limit = IntervalEntry.KeyOf(last, IntervalEntry.MaxSequence);
            if (next == 0 && TryFindOnly(top, first, limit, ref nodes, guard, ref found[0]))
            {
                count = 1;
            }
            else
            {
                nodes = 0;
                Query query = new(first, limit, next, found);
                if (!TryFindIn(top, ref query, ref nodes, guard))
                {
                    return false;
                }

                count = query.Count;
            }
        }
        else
        {
            IntervalRoot seen = root;
            if (!guard.Holds)
            {
                return false;
            }

            nodes++;
            foreach (ref readonly IntervalEntry entry in ArrayOf(in seen))
            {
                if (IntervalEntry.StartOf(entry.Key) > last || count == found.Length)
                {
                    break;
                }

                if (entry.Last >= first && entry.Key >= next)
                {
                    found[count++] = entry;
                }
            }
        }

        if (!guard.Holds)
        {
            count = 0;
            return false;
        }

        visited += nodes + count;
        if (count != 0)
        {
            // No key is the largest number: its start would be the largest index, and its sequence all ones.
            next = found[count - 1].Key + 1;
        }

        return true;
    }

    /// <summary>Hands over VMA and sequence number of every interval with a start.</summary>
    internal void ForEachAt(in IntervalRoot root, ulong start, Action<uint, uint> visit)
    {
        IntervalEntry[] found = new IntervalEntry[1];
        long visited = 0;
        ulong next = IntervalEntry.KeyOf(start, 0);
        while (Find(in root, 0, start, ref next, found, ref visited) != 0)
        {
            visit(found[0].Vma, IntervalEntry.SequenceOf(found[0].Key));
        }
    }

    /// <summary>Forgets all intervals and gives the records back.</summary>
    internal void Clear(ref IntervalRoot root)
    {
        switch (root.Tier)
        {
            case IntervalTier.Few:
                _few.Return(root.Node);
                break;
            case IntervalTier.Some:
                _some.Return(root.Node);
                break;
            case IntervalTier.Tree:
                Free(root.Node);
                break;
            default:
                break;
        }

        root = default;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nodes.Dispose();
        _some.Dispose();
        _few.Dispose();
    }

    // Where intervals do not overlap, as in an address space that has not been forked, only the last of those that begin early
    // enough can reach the range. That it does is found out while its node is on its way already. False: not so simple.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFindOnly<TGuard>(
        uint id, ulong first, ulong limit, ref long visited, TGuard guard, ref IntervalEntry found)
        where TGuard : struct, IReadGuard
    {
        for (; ; )
        {
            visited++;
            ref readonly IntervalNode node = ref _nodes[id];
            int last = node.UpperBound(limit) - 1;
            if (last < 0 || !node.IsOnlyReaching(last, first))
            {
                return false;
            }

            id = node.Ids[last];
            if (node.Level == 0)
            {
                found = new IntervalEntry { Key = node.Keys[last], Last = node.Lasts[last], Vma = id };
                return true;
            }

            if (!guard.Holds)
            {
                return false;
            }
        }
    }

    private bool TryFindIn<TGuard>(uint id, ref Query query, ref long visited, TGuard guard)
        where TGuard : struct, IReadGuard
    {
        for (; ; )
        {
            visited++;
            ref readonly IntervalNode node = ref _nodes[id];
            ulong candidates = node.Candidates(query.First, query.Limit);
            if (query.Next != 0)
            {
                candidates &= From(node.Level == 0 ? node.UpperBound(query.Next - 1) : node.ChildFor(query.Next));
            }

            if (node.Level == 0)
            {
                query.Take(in node, candidates);
                return true;
            }

            if (candidates == 0)
            {
                return true;
            }

            for (; ; )
            {
                id = node.Ids[BitOperations.TrailingZeroCount(candidates)];
                candidates &= candidates - 1;
                if (!guard.Holds)
                {
                    return false;
                }

                if (candidates == 0)
                {
                    break; // The last child, which mostly is the only one, needs no call.
                }

                if (!TryFindIn(id, ref query, ref visited, guard))
                {
                    return false;
                }

                if (query.Count == query.Found.Length)
                {
                    return true;
                }
            }
        }
    }

    private static ulong From(int entry) => entry < IntervalNode.Capacity ? ulong.MaxValue << entry : 0;

    private void Free(uint id)
    {
        ref IntervalNode node = ref _nodes[id];
        for (int i = 0; node.Level != 0 && i < node.Count; i++)
        {
            Free(node.Ids[i]);
        }

        _nodes.Return(id);
    }

    private Span<IntervalEntry> ArrayOf(ref readonly IntervalRoot root)
    {
        Span<IntervalEntry> whole;
        switch (root.Tier)
        {
            case IntervalTier.Few:
                whole = _few[root.Node];
                break;
            case IntervalTier.Some:
                whole = _some[root.Node];
                break;
            default:
                Debug.Assert(root.Tier == IntervalTier.Inline, "A tree is no array.");
                whole = new Span<IntervalEntry>(ref System.Runtime.CompilerServices.Unsafe.AsRef(in root.Only));
                break;
        }

        return whole[..root.Count];
    }

    /// <summary>What is looked for, and what has been found of it.</summary>
    private ref struct Query(ulong first, ulong limit, ulong next, Span<IntervalEntry> found)
    {
        internal readonly ulong First = first;
        internal readonly ulong Limit = limit;
        internal readonly ulong Next = next;
        internal readonly Span<IntervalEntry> Found = found;
        internal int Count;

        internal void Take(in IntervalNode leaf, ulong candidates)
        {
            for (; candidates != 0 && Count < Found.Length; candidates &= candidates - 1)
            {
                int at = BitOperations.TrailingZeroCount(candidates);
                Found[Count++] = new IntervalEntry { Key = leaf.Keys[at], Last = leaf.Lasts[at], Vma = leaf.Ids[at] };
            }
        }
    }
}
