using System;
using System.Diagnostics;
using FastKsm.Memory;

namespace FastKsm.ReverseMapping;

/// <summary>The intervals of all anon_vmas: who may map the page with a given linear index.</summary>
/// <remarks>
/// One interval lies in the anon_vma's record, up to 16 in an array, more in a B+-tree with the largest last index of every
/// child. The order everywhere is (start, insertion sequence): walks that replace PTEs depend on meeting a parent's VMA
/// before a child's, and a walk that was interrupted goes on from a key. A sequence number is one more than that of the
/// last interval with the same start, so 24 bits are enough for 2^24 insertions at one start without it ever being without
/// intervals; then those of that start are numbered anew.
/// Thread safety: finding under a shared, changing under a sole hold of the family's structure latch.
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

    /// <summary>Finds intervals that overlap a range, in the order of their keys.</summary>
    /// <param name="root">The index.</param>
    /// <param name="first">First page index of the range; equal to <paramref name="last"/> for those that contain one page.</param>
    /// <param name="last">Last page index of the range.</param>
    /// <param name="next">Smallest key to consider; on return, where to go on.</param>
    /// <param name="found">Receives what is found. Less than it can hold: there are no more.</param>
    /// <param name="visited">Grows by one for every node of the tree (an array is one) and every interval found.</param>
    /// <returns>Number found.</returns>
    internal int Find(
        in IntervalRoot root, ulong first, ulong last, ref ulong next, Span<IntervalEntry> found, ref long visited)
    {
        int count = 0;
        if (root.Tier == IntervalTier.Tree)
        {
            FindIn(root.Node, first, IntervalEntry.KeyOf(last, IntervalEntry.MaxSequence), next, found, ref count, ref visited);
        }
        else
        {
            visited++;
            foreach (ref readonly IntervalEntry entry in ArrayOf(in root))
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

        visited += count;
        if (count != 0)
        {
            // No key is the largest number: its start would be the largest index, and its sequence all ones.
            next = found[count - 1].Key + 1;
        }

        return count;
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

    private void FindIn(
        uint id, ulong first, ulong limit, ulong next, Span<IntervalEntry> found, ref int count, ref long visited)
    {
        visited++;
        ref readonly IntervalNode node = ref _nodes[id];
        node.Prefetch();
        if (node.Level == 0)
        {
            int end = node.UpperBound(0, limit);
            int at = next == 0 ? 0 : node.UpperBound(0, next - 1);
            while (count < found.Length && (at = node.NextReaching(at, end, first)) < end)
            {
                found[count++] = new IntervalEntry { Key = node.Keys[at], Last = node.Lasts[at], Vma = node.Ids[at] };
                at++;
            }

            return;
        }

        int stop = node.UpperBound(1, limit);
        int child = next == 0 ? 0 : node.ChildFor(next);
        while (count < found.Length && (child = node.NextReaching(child, stop, first)) < stop)
        {
            FindIn(node.Ids[child], first, limit, next, found, ref count, ref visited);
            child++;
        }
    }

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
}
