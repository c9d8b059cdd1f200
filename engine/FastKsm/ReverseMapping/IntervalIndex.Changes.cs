using System;
using System.Diagnostics;
using FastKsm.Memory;

namespace FastKsm.ReverseMapping;

/// <content>Insertion and removal.</content>
internal sealed partial class IntervalIndex
{
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
        TreePath path = default;
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
        leaf.OpenAt(leaf.UpperBound(key), key, last, vma);
        for (int depth = path.Depth - 1; depth >= 0; depth--)
        {
            ref IntervalNode node = ref _nodes[path.Nodes[depth]];
            if (node.Lasts[path.Taken[depth]] >= last)
            {
                break;
            }

            node.SetLast(path.Taken[depth], last);
        }

        root.Count++;
        return IntervalEntry.SequenceOf(key);
    }

    // One past the last key with this start. Before: that last key, or the one of an earlier start, or 0. The path is the one
    // to the end of that start.
    private ulong NextKey(uint root, ulong first, ref TreePath path, out ulong before)
    {
        ulong highest = IntervalEntry.KeyOf(first, IntervalEntry.MaxSequence);
        Descend(root, highest, ref path);
        ref readonly IntervalNode leaf = ref _nodes[path.Nodes[path.Depth]];
        int at = leaf.UpperBound(highest);
        before = at > 0 ? leaf.Keys[at - 1]
            : leaf.Previous != 0 ? _nodes[leaf.Previous].Keys[_nodes[leaf.Previous].Count - 1]
            : 0;
        bool follows = (at > 0 || leaf.Previous != 0) && IntervalEntry.StartOf(before) == first;
        return follows ? before + 1 : IntervalEntry.KeyOf(first, 0);
    }

    // Whether a key belongs where a path ends that was taken for a larger one: between the two a child may begin, at a key
    // that has gone since.
    private bool LeadsTo(in TreePath path, ulong key)
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
            TreePath path = default;
            Descend(root.Node, next, ref path);
            uint id = path.Nodes[path.Depth];
            int at = next == 0 ? 0 : _nodes[id].UpperBound(next - 1);
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
                    ref IntervalNode node = ref _nodes[path.Nodes[depth]];
                    node.SetKey(entry, ulong.Min(node.Keys[entry], key));
                }
            }

            _nodes[id].SetKey(at, key);
            next = former + 1;
        }
    }

    private void RemoveFromTree(ref IntervalRoot root, ulong key)
    {
        TreePath path = default;
        Descend(root.Node, key, ref path);
        ref IntervalNode leaf = ref _nodes[path.Nodes[path.Depth]];
        int at = leaf.UpperBound(key) - 1;
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

    private void Descend(uint root, ulong key, ref TreePath path)
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
}
