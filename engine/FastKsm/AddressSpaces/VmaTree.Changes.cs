using System;
using System.Diagnostics;
using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <content>Insertion, removal and re-keying.</content>
internal sealed partial class VmaTree
{
    /// <summary>Enters a VMA, out of promised nodes.</summary>
    /// <param name="start">First page; no VMA may cover any page of the range.</param>
    /// <param name="end">One past the last page.</param>
    /// <param name="vma">Id of the VMA.</param>
    /// <param name="nodesPromised">Nodes promised to the caller; lowered by those used.</param>
    internal void Insert(ulong start, ulong end, uint vma, ref uint nodesPromised)
    {
        Count++;
        if (_root == 0)
        {
            _root = NewNode(0, ref nodesPromised);
        }

        TreePath path = default;
        Descend(start, ref path);
        uint leaf = path.Nodes[path.Depth];
        int index = UpperBound(ref _nodes[leaf], 0, start);
        bool split = _nodes[leaf].Count == VmaTreeNode.Capacity;
        if (split)
        {
            Split(ref path, path.Depth, index, ref nodesPromised);
            path = default;
            Descend(start, ref path);
            leaf = path.Nodes[path.Depth];
            index = UpperBound(ref _nodes[leaf], 0, start);
        }

        ref VmaTreeNode node = ref _nodes[leaf];
        Debug.Assert(index == node.Count || end <= node.Keys[index], "VMAs overlap.");
        Debug.Assert(index == 0 || node.Values[index - 1] <= start, "VMAs overlap.");
        OpenAt(ref node, index, start, end, vma);
        if (split)
        {
            RefreshAround(start);
            return;
        }

        Refresh(ref path, settled: true);
        RefreshAt(node.Next, settled: true);
    }

    /// <summary>Takes out the VMA that starts at a page.</summary>
    internal void Remove(ulong start)
    {
        TreePath path = default;
        Descend(start, ref path);
        uint leaf = path.Nodes[path.Depth];
        int index = UpperBound(ref _nodes[leaf], 0, start) - 1;
        Debug.Assert(index >= 0 && _nodes[leaf].Keys[index] == start, "No VMA starts here.");
        Count--;
        CloseAt(ref _nodes[leaf], index);
        if (Shrink(ref path))
        {
            RefreshAround(start);
            return;
        }

        Refresh(ref path, settled: true);
        RefreshAt(_nodes[leaf].Next, settled: true);
    }

    /// <summary>Moves the ends of a VMA; its place among the others stays.</summary>
    internal void Update(ulong start, ulong newStart, ulong newEnd)
    {
        TreePath path = default;
        Descend(start, ref path);
        ref VmaTreeNode leaf = ref _nodes[path.Nodes[path.Depth]];
        int index = UpperBound(ref leaf, 0, start) - 1;
        Debug.Assert(index >= 0 && leaf.Keys[index] == start, "No VMA starts here.");
        Debug.Assert(newStart < newEnd, "A VMA is never empty.");
        Debug.Assert(index == 0 || leaf.Values[index - 1] <= newStart, "VMAs overlap.");
        Debug.Assert(index + 1 == leaf.Count || newEnd <= leaf.Keys[index + 1], "VMAs overlap.");
        leaf.Keys[index] = newStart;
        leaf.Values[index] = newEnd;

        // A start that sinks must not sink below what the inner nodes say of this leaf.
        for (int depth = path.Depth - 1, entry = index; depth >= 0 && entry == 0; depth--)
        {
            ref VmaTreeNode node = ref _nodes[path.Nodes[depth]];
            entry = path.Taken[depth];
            node.Keys[entry] = Math.Min(node.Keys[entry], newStart);
        }

        Refresh(ref path, settled: true);
        if (index == leaf.Count - 1)
        {
            RefreshAt(leaf.Next, settled: true);
        }
    }

    /// <summary>Names another VMA at a start.</summary>
    internal void Replace(ulong start, uint vma)
    {
        VmaCursor cursor = Find(start);
        Debug.Assert(cursor.IsSome && _nodes[cursor.Leaf].Keys[cursor.Index] == start, "No VMA starts here.");
        _nodes[cursor.Leaf].Ids[cursor.Index] = vma;
    }

    private static void OpenAt(ref VmaTreeNode node, int index, ulong key, ulong value, uint id)
    {
        int moved = node.Count - index;
        Span<ulong> keys = node.Keys;
        Span<ulong> values = node.Values;
        Span<uint> ids = node.Ids;
        keys.Slice(index, moved).CopyTo(keys[(index + 1)..]);
        values.Slice(index, moved).CopyTo(values[(index + 1)..]);
        ids.Slice(index, moved).CopyTo(ids[(index + 1)..]);
        (keys[index], values[index], ids[index]) = (key, value, id);
        node.Count++;
    }

    private static void CloseAt(ref VmaTreeNode node, int index)
    {
        Span<ulong> keys = node.Keys;
        Span<ulong> values = node.Values;
        Span<uint> ids = node.Ids;
        keys[(index + 1)..node.Count].CopyTo(keys[index..]);
        values[(index + 1)..node.Count].CopyTo(values[index..]);
        ids[(index + 1)..node.Count].CopyTo(ids[index..]);
        node.Count--;
    }

    private static void MoveTail(ref VmaTreeNode from, int first, ref VmaTreeNode to)
    {
        int moved = from.Count - first;
        ((ReadOnlySpan<ulong>)from.Keys).Slice(first, moved).CopyTo(((Span<ulong>)to.Keys)[to.Count..]);
        ((ReadOnlySpan<ulong>)from.Values).Slice(first, moved).CopyTo(((Span<ulong>)to.Values)[to.Count..]);
        ((ReadOnlySpan<uint>)from.Ids).Slice(first, moved).CopyTo(((Span<uint>)to.Ids)[to.Count..]);
        to.Count += moved;
        from.Count = first;
    }

    private uint NewNode(int level, ref uint nodesPromised)
    {
        Debug.Assert(nodesPromised != 0, "Fewer nodes were promised than the insert needs.");
        nodesPromised--;
        uint id = _nodes.TakePromised();
        _nodes[id].Level = level;
        return id;
    }

    private void Descend(ulong page, ref TreePath path)
    {
        uint id = _root;
        for (path.Depth = 0; ; path.Depth++)
        {
            path.Nodes[path.Depth] = id;
            ref VmaTreeNode node = ref _nodes[id];
            if (node.Level == 0)
            {
                return;
            }

            int entry = ChildFor(ref node, page);
            path.Taken[path.Depth] = entry;
            id = node.Ids[entry];
        }
    }

    // Splits a full node, its full ancestors first. An insert at either end splits there, so that runs of rising or
    // falling starts (an address space filled from the top falls) leave full nodes behind.
    private void Split(ref TreePath path, int depth, int index, ref uint nodesPromised)
    {
        uint left = path.Nodes[depth];
        uint right = NewNode(_nodes[left].Level, ref nodesPromised);
        int at = index == VmaTreeNode.Capacity ? VmaTreeNode.Capacity - 1 : index == 0 ? 1 : VmaTreeNode.Capacity / 2;
        MoveTail(ref _nodes[left], at, ref _nodes[right]);
        if (_nodes[left].Level == 0)
        {
            _nodes.LinkAfter(left, right);
        }

        if (depth == 0)
        {
            _root = NewNode(_nodes[left].Level + 1, ref nodesPromised);
            OpenAt(ref _nodes[_root], 0, 0, LargestGap(ref _nodes[left]), left);
            OpenAt(ref _nodes[_root], 1, _nodes[right].Keys[0], LargestGap(ref _nodes[right]), right);
            return;
        }

        uint parent = path.Nodes[depth - 1];
        int entry = path.Taken[depth - 1];
        if (_nodes[parent].Count == VmaTreeNode.Capacity)
        {
            Split(ref path, depth - 1, entry + 1, ref nodesPromised);

            // The parent's entries may now be in its new sibling, which stands behind it at the same depth.
            (parent, entry) = Locate(left, path.Nodes[depth - 1], _nodes[right].Keys[0]);
        }

        _nodes[parent].Values[entry] = LargestGap(ref _nodes[left]);
        OpenAt(ref _nodes[parent], entry + 1, _nodes[right].Keys[0], LargestGap(ref _nodes[right]), right);
    }

    // The entry that names a child, after the parent has split: found from the root, by a key that leads to it.
    private (uint Parent, int Entry) Locate(uint child, uint formerParent, ulong key)
    {
        uint id = _root;
        while (_nodes[id].Level != _nodes[formerParent].Level)
        {
            id = _nodes[id].Ids[ChildFor(ref _nodes[id], key)];
        }

        int entry = ChildFor(ref _nodes[id], key);
        Debug.Assert(_nodes[id].Ids[entry] == child, "A key leads elsewhere than its child.");
        return (id, entry);
    }

    // Drops or merges nodes from the leaf upwards; whether it had to.
    private bool Shrink(ref TreePath path)
    {
        bool changed = false;
        for (int depth = path.Depth; depth > 0; depth--)
        {
            uint id = path.Nodes[depth];
            uint parent = path.Nodes[depth - 1];
            int entry = path.Taken[depth - 1];
            if (_nodes[id].Count == 0)
            {
                changed = true;
                DropChild(parent, entry);
                continue;
            }

            if (_nodes[id].Count > MergeBelow)
            {
                break;
            }

            int left = entry > 0 ? entry - 1 : entry;
            if (left + 1 >= _nodes[parent].Count
                || _nodes[_nodes[parent].Ids[left]].Count + _nodes[_nodes[parent].Ids[left + 1]].Count > MergedLimit)
            {
                break;
            }

            uint into = _nodes[parent].Ids[left];
            uint from = _nodes[parent].Ids[left + 1];

            // A key that meant nothing at the head of an inner node becomes one that separates.
            _nodes[from].Keys[0] = _nodes[from].Level == 0 ? _nodes[from].Keys[0] : _nodes[parent].Keys[left + 1];
            MoveTail(ref _nodes[from], 0, ref _nodes[into]);
            changed = true;
            DropChild(parent, left + 1);
            _nodes[parent].Values[left] = LargestGap(ref _nodes[into]);
        }

        while (_root != 0 && _nodes[_root].Level != 0 && _nodes[_root].Count == 1)
        {
            uint only = _nodes[_root].Ids[0];
            _nodes.Return(_root);
            _root = only;
        }

        if (_nodes[_root].Count == 0)
        {
            Debug.Assert(Count == 0, "An empty root in a tree that is not.");
            _nodes.Return(_root);
            _root = 0;
            changed = true;
        }

        return changed;
    }

    private void DropChild(uint parent, int entry)
    {
        uint child = _nodes[parent].Ids[entry];
        _nodes.Unlink(child);
        _nodes.Return(child);
        CloseAt(ref _nodes[parent], entry);
    }

    private ulong LargestGap(ref VmaTreeNode node)
    {
        ulong largest = 0;
        if (node.Level != 0)
        {
            foreach (ulong gap in ((ReadOnlySpan<ulong>)node.Values)[..node.Count])
            {
                largest = Math.Max(largest, gap);
            }

            return largest;
        }

        ulong end = EndBefore(ref node);
        for (int i = 0; i < node.Count; i++)
        {
            largest = Math.Max(largest, node.Keys[i] - end);
            end = node.Values[i];
        }

        return largest;
    }

    // After nodes came or went: what changed lies in the leaf where the key leads, and in its neighbours.
    private void RefreshAround(ulong key)
    {
        if (_root == 0)
        {
            return;
        }

        TreePath path = default;
        Descend(key, ref path);
        Refresh(ref path, settled: false);
        ref VmaTreeNode leaf = ref _nodes[path.Nodes[path.Depth]];
        RefreshAt(leaf.Previous, settled: false);
        RefreshAt(leaf.Next, settled: false);
    }

    private void RefreshAt(uint leaf, bool settled)
    {
        if (leaf != 0)
        {
            TreePath path = default;
            Descend(_nodes[leaf].Keys[0], ref path);
            Debug.Assert(path.Nodes[path.Depth] == leaf, "A leaf is not where its first key leads.");

            // The VMA before may now reach past the key that leads to this leaf; its pages must not lead here.
            int depth = path.Depth - 1;
            while (depth >= 0 && path.Taken[depth] == 0)
            {
                depth--;
            }

            if (depth >= 0)
            {
                _nodes[path.Nodes[depth]].Keys[path.Taken[depth]] = _nodes[leaf].Keys[0];
            }

            Refresh(ref path, settled);
        }
    }

    // Settled: all inner nodes agree with their children but for this leaf's gap, so an unchanged gap ends the climb.
    private void Refresh(ref TreePath path, bool settled)
    {
        for (int depth = path.Depth; depth > 0; depth--)
        {
            ref VmaTreeNode parent = ref _nodes[path.Nodes[depth - 1]];
            ulong gap = LargestGap(ref _nodes[path.Nodes[depth]]);
            ref ulong known = ref parent.Values[path.Taken[depth - 1]];
            if (settled && known == gap)
            {
                return;
            }

            known = gap;
        }
    }
}
