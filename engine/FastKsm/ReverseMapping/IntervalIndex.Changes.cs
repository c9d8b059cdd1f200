using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastKsm.ReverseMapping;

/// <content>Insertion and removal.</content>
internal sealed partial class IntervalIndex
{
    // Two neighbours become one when they fit with room to spare, so that a tree at the edge does not flutter.
    private const int MergeBelow = IntervalNode.Capacity / 4;
    private const int MergedLimit = IntervalNode.Capacity * 3 / 4;

    // Splits near an end happen there, so that runs of rising or falling starts (a sweep of mprotect rises) leave nodes
    // behind that are nearly full. Not at the very end: a split re-inserts the rest of the VMA behind the new piece.
    private const int EndWidth = 4;

    /// <summary>Enters an interval behind all that have the same start, out of promised records.</summary>
    /// <param name="root">The index.</param>
    /// <param name="first">First page index.</param>
    /// <param name="last">Last page index.</param>
    /// <param name="vma">Whose it is.</param>
    /// <param name="promise">Records promised to the caller; lowered by those used.</param>
    /// <param name="renumbered">Whether the others with this start have got other sequence numbers, because those had run out.</param>
    /// <returns>Its sequence number, by which it is removed.</returns>
    internal uint Insert(
        ref IntervalRoot root, ulong first, ulong last, uint vma, ref IntervalPromise promise, out bool renumbered)
    {
        renumbered = false;
        Debug.Assert(first <= last && last <= MaxIndex, "Not an interval of page indexes.");
        if (root.Tier != IntervalTier.Tree && root.Count == CapacityOf(root.Tier))
        {
            Promote(ref root, ref promise);
        }

        if (root.Tier == IntervalTier.Tree)
        {
            return InsertInTree(ref root, first, last, vma, ref promise, out renumbered);
        }

        int count = root.Count++;
        Span<IntervalEntry> array = ArrayOf(in root);
        int at = count;
        while (at > 0 && IntervalEntry.StartOf(array[at - 1].Key) > first)
        {
            at--;
        }

        if (at > 0 && array[at - 1].Key == IntervalEntry.KeyOf(first, IntervalEntry.MaxSequence))
        {
            Renumber(array[..at], first);
            renumbered = true;
        }

        bool follows = at > 0 && IntervalEntry.StartOf(array[at - 1].Key) == first;
        ulong key = follows ? array[at - 1].Key + 1 : IntervalEntry.KeyOf(first, 0);
        array[at..count].CopyTo(array[(at + 1)..]);
        array[at] = new IntervalEntry { Key = key, Last = last, Vma = vma };
        return IntervalEntry.SequenceOf(key);
    }

    /// <summary>Takes an interval out.</summary>
    /// <param name="root">The index.</param>
    /// <param name="first">Its first page index.</param>
    /// <param name="sequence">Its sequence number.</param>
    internal void Remove(ref IntervalRoot root, ulong first, uint sequence)
    {
        ulong key = IntervalEntry.KeyOf(first, sequence);
        if (root.Tier == IntervalTier.Tree)
        {
            RemoveFromTree(ref root, key);
        }
        else
        {
            Span<IntervalEntry> array = ArrayOf(in root);
            int at = 0;
            while (array[at].Key != key)
            {
                at++;
            }

            array[(at + 1)..].CopyTo(array[at..]);
        }

        if (--root.Count == 0)
        {
            Clear(ref root);
        }
    }

    private static int CapacityOf(IntervalTier tier) => tier switch
    {
        IntervalTier.Few => FewIntervals.Capacity,
        IntervalTier.Some => SomeIntervals.Capacity,
        _ => 1,
    };

    // Numbers the intervals of one start anew, from 0; they are the last of a run.
    private static void Renumber(Span<IntervalEntry> run, ulong first)
    {
        int at = run.Length;
        while (at > 0 && IntervalEntry.StartOf(run[at - 1].Key) == first)
        {
            at--;
        }

        for (uint sequence = 0; at < run.Length; at++, sequence++)
        {
            run[at].Key = IntervalEntry.KeyOf(first, sequence);
        }
    }

    private void Promote(ref IntervalRoot root, ref IntervalPromise promise)
    {
        Span<IntervalEntry> former = ArrayOf(in root);
        IntervalTier tier = root.Tier;
        uint node = root.Node;
        switch (tier)
        {
            case IntervalTier.Inline:
                promise.Few--;
                root.Node = _few.TakePromised();
                former.CopyTo(_few[root.Node]);
                root.Tier = IntervalTier.Few;
                break;
            case IntervalTier.Few:
                promise.Some--;
                root.Node = _some.TakePromised();
                former.CopyTo(_some[root.Node]);
                root.Tier = IntervalTier.Some;
                _few.Return(node);
                break;
            default:
                root.Node = NewNode(0, ref promise);
                foreach (ref IntervalEntry entry in former)
                {
                    ref IntervalNode leaf = ref _nodes[root.Node];
                    leaf.OpenAt(leaf.Count, entry.Key, entry.Last, entry.Vma);
                }

                root.Tier = IntervalTier.Tree;
                _some.Return(node);
                break;
        }
    }

    private uint InsertInTree(
        ref IntervalRoot root, ulong first, ulong last, uint vma, ref IntervalPromise promise, out bool renumbered)
    {
        Path path = default;
        ulong key = NextKey(root.Node, first, ref path, out ulong before);
        renumbered = before == IntervalEntry.KeyOf(first, IntervalEntry.MaxSequence);
        if (renumbered)
        {
            RenumberInTree(ref root, first);
            path = default;
            key = NextKey(root.Node, first, ref path, out _);
        }

        if (!LeadsTo(path, key))
        {
            path = default;
            Descend(root.Node, key, ref path);
        }

        if (_nodes[path.Nodes[path.Depth]].Count == IntervalNode.Capacity)
        {
            SplitFull(ref root, key, ref promise);
            path = default;
            Descend(root.Node, key, ref path);
        }

        ref IntervalNode leaf = ref _nodes[path.Nodes[path.Depth]];
        leaf.OpenAt(leaf.UpperBound(0, key), key, last, vma);
        for (int depth = path.Depth - 1; depth >= 0; depth--)
        {
            ref ulong known = ref _nodes[path.Nodes[depth]].Lasts[path.Taken[depth]];
            if (known >= last)
            {
                break;
            }

            known = last;
        }

        root.Count++;
        return IntervalEntry.SequenceOf(key);
    }

    // One past the last key with this start. Before: that last key, or the one of an earlier start, or 0. The path is the one
    // to the end of that start.
    private ulong NextKey(uint root, ulong first, ref Path path, out ulong before)
    {
        ulong highest = IntervalEntry.KeyOf(first, IntervalEntry.MaxSequence);
        Descend(root, highest, ref path);
        ref readonly IntervalNode leaf = ref _nodes[path.Nodes[path.Depth]];
        int at = leaf.UpperBound(0, highest);
        before = at > 0 ? leaf.Keys[at - 1]
            : leaf.Previous != 0 ? _nodes[leaf.Previous].Keys[_nodes[leaf.Previous].Count - 1]
            : 0;
        bool follows = (at > 0 || leaf.Previous != 0) && IntervalEntry.StartOf(before) == first;
        return follows ? before + 1 : IntervalEntry.KeyOf(first, 0);
    }

    // Whether a key belongs where a path ends that was taken for a larger one: between the two a child may begin, at a key
    // that has gone since.
    private bool LeadsTo(in Path path, ulong key)
    {
        for (int depth = 0; depth < path.Depth; depth++)
        {
            int entry = path.Taken[depth];
            if (entry != 0 && _nodes[path.Nodes[depth]].Keys[entry] > key)
            {
                return false;
            }
        }

        return true;
    }

    // The keys of a start sink but keep their order, and stay above those of smaller starts; keys of inner nodes sink along.
    private void RenumberInTree(ref IntervalRoot root, ulong first)
    {
        uint sequence = 0;
        for (ulong next = IntervalEntry.KeyOf(first, 0); ;)
        {
            Path path = default;
            Descend(root.Node, next, ref path);
            uint id = path.Nodes[path.Depth];
            int at = next == 0 ? 0 : _nodes[id].UpperBound(0, next - 1);
            if (at == _nodes[id].Count)
            {
                id = _nodes[id].Next;
                at = 0;
            }

            if (id == 0 || IntervalEntry.StartOf(_nodes[id].Keys[at]) != first)
            {
                return;
            }

            ulong former = _nodes[id].Keys[at];
            ulong key = IntervalEntry.KeyOf(first, sequence++);
            if (at == 0)
            {
                path = default;
                Descend(root.Node, former, ref path);
                for (int depth = path.Depth - 1, entry = 0; depth >= 0 && entry == 0; depth--)
                {
                    entry = path.Taken[depth];
                    ref ulong separator = ref _nodes[path.Nodes[depth]].Keys[entry];
                    separator = ulong.Min(separator, key);
                }
            }

            _nodes[id].Keys[at] = key;
            next = former + 1;
        }
    }

    private void RemoveFromTree(ref IntervalRoot root, ulong key)
    {
        Path path = default;
        Descend(root.Node, key, ref path);
        ref IntervalNode leaf = ref _nodes[path.Nodes[path.Depth]];
        int at = leaf.UpperBound(0, key) - 1;
        Debug.Assert(at >= 0 && leaf.Keys[at] == key, "No interval has this key.");
        ulong last = leaf.Lasts[at];
        leaf.CloseAt(at);
        for (int depth = path.Depth; depth > 0; depth--)
        {
            if (!Tidy(path.Nodes[depth], path.Nodes[depth - 1], path.Taken[depth - 1], last))
            {
                break;
            }
        }

        while (_nodes[root.Node].Level != 0 && _nodes[root.Node].Count == 1)
        {
            uint only = _nodes[root.Node].Ids[0];
            _nodes.Return(root.Node);
            root.Node = only;
        }
    }

    // After something below a child, that reached to an index, has gone: drops the child, merges it with a neighbour, or notes
    // its largest index. Whether the parent has changed.
    private bool Tidy(uint id, uint parent, int entry, ulong last)
    {
        if (_nodes[id].Count == 0)
        {
            DropChild(parent, entry);
            return true;
        }

        int left = entry > 0 ? entry - 1 : entry;
        if (_nodes[id].Count <= MergeBelow
            && left + 1 < _nodes[parent].Count
            && _nodes[_nodes[parent].Ids[left]].Count + _nodes[_nodes[parent].Ids[left + 1]].Count <= MergedLimit)
        {
            uint into = _nodes[parent].Ids[left];
            uint from = _nodes[parent].Ids[left + 1];

            // A key that meant nothing at the head of an inner node becomes one that separates.
            _nodes[from].Keys[0] = _nodes[from].Level == 0 ? _nodes[from].Keys[0] : _nodes[parent].Keys[left + 1];
            _nodes[from].MoveTail(0, ref _nodes[into]);
            DropChild(parent, left + 1);
            _nodes[parent].Lasts[left] = _nodes[into].Largest();
            return true;
        }

        if (last < _nodes[parent].Lasts[entry])
        {
            return false;
        }

        ulong largest = _nodes[id].Largest();
        bool changed = _nodes[parent].Lasts[entry] != largest;
        _nodes[parent].Lasts[entry] = largest;
        return changed;
    }

    private void DropChild(uint parent, int entry)
    {
        uint child = _nodes[parent].Ids[entry];
        (uint previous, uint next) = (_nodes[child].Previous, _nodes[child].Next);
        if (previous != 0)
        {
            _nodes[previous].Next = next;
        }

        if (next != 0)
        {
            _nodes[next].Previous = previous;
        }

        _nodes.Return(child);
        _nodes[parent].CloseAt(entry);
    }

    // Splits every full node on the way to a key, from the root down, so that each parent has room for one more child.
    private void SplitFull(ref IntervalRoot root, ulong key, ref IntervalPromise promise)
    {
        if (_nodes[root.Node].Count == IntervalNode.Capacity)
        {
            uint former = root.Node;
            root.Node = NewNode(_nodes[former].Level + 1, ref promise);
            _nodes[root.Node].OpenAt(0, 0, _nodes[former].Largest(), former);
        }

        for (uint parent = root.Node; _nodes[parent].Level != 0;)
        {
            int entry = _nodes[parent].ChildFor(key);
            uint child = _nodes[parent].Ids[entry];
            if (_nodes[child].Count == IntervalNode.Capacity)
            {
                SplitChild(parent, entry, key, ref promise);
                entry = _nodes[parent].ChildFor(key);
                child = _nodes[parent].Ids[entry];
            }

            parent = child;
        }
    }

    private void SplitChild(uint parent, int entry, ulong key, ref IntervalPromise promise)
    {
        uint left = _nodes[parent].Ids[entry];
        uint right = NewNode(_nodes[left].Level, ref promise);
        int at = _nodes[left].UpperBound(0, key);
        int cut = at >= IntervalNode.Capacity - EndWidth ? IntervalNode.Capacity - EndWidth
            : at <= EndWidth ? EndWidth
            : IntervalNode.Capacity / 2;
        _nodes[left].MoveTail(cut, ref _nodes[right]);
        if (_nodes[left].Level == 0)
        {
            uint next = _nodes[left].Next;
            (_nodes[right].Previous, _nodes[right].Next) = (left, next);
            _nodes[left].Next = right;
            if (next != 0)
            {
                _nodes[next].Previous = right;
            }
        }

        _nodes[parent].Lasts[entry] = _nodes[left].Largest();
        _nodes[parent].OpenAt(entry + 1, _nodes[right].Keys[0], _nodes[right].Largest(), right);
    }

    private uint NewNode(int level, ref IntervalPromise promise)
    {
        Debug.Assert(promise.Nodes != 0, "Fewer nodes were promised than the insertion needs.");
        promise.Nodes--;
        uint id = _nodes.TakePromised();
        _nodes[id].Level = level;
        return id;
    }

    private void Descend(uint root, ulong key, ref Path path)
    {
        uint id = root;
        for (path.Depth = 0; ; path.Depth++)
        {
            path.Nodes[path.Depth] = id;
            ref readonly IntervalNode node = ref _nodes[id];
            if (node.Level == 0)
            {
                return;
            }

            int entry = node.ChildFor(key);
            path.Taken[path.Depth] = entry;
            id = node.Ids[entry];
            _nodes[id].Prefetch();
        }
    }

    /// <summary>The way from the root to a leaf: nodes, and the entry taken in each.</summary>
    private ref struct Path
    {
        internal Steps Nodes;
        internal Entries Taken;
        internal int Depth;

        [InlineArray(MaxHeight)]
        internal struct Steps
        {
            private uint _first;
        }

        [InlineArray(MaxHeight)]
        internal struct Entries
        {
            private int _first;
        }
    }
}
