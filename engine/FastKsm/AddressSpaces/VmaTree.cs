using System;
using System.Runtime.CompilerServices;
using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>The VMAs of one address space by start, with the largest hole known at every level.</summary>
/// <remarks>
/// A B+-tree of <see cref="VmaTreeNode"/>. Starts are unique and ranges disjoint. Changes draw on nodes promised before
/// (<see cref="NodesForInsert"/>), so they cannot fail. Thread safety: guarded by the mm lock.
/// </remarks>
internal sealed partial class VmaTree
{
    // Two neighbours become one when they fit with room to spare, so that a tree at the edge does not flutter.
    private const int MergeBelow = VmaTreeNode.Capacity / 4;
    private const int MergedLimit = VmaTreeNode.Capacity * 3 / 4;

    private readonly NativeSlab<VmaTreeNode> _nodes;
    private uint _root;

    internal VmaTree(NativeSlab<VmaTreeNode> nodes) => _nodes = nodes;

    /// <summary>VMAs in the tree.</summary>
    internal int Count { get; private set; }

    /// <summary>Nodes that one insert may need, to be promised before.</summary>
    internal uint NodesForInsert => _root == 0 ? 1 : (uint)_nodes[_root].Level + 2;

    /// <summary>First VMA that ends above a page: the one that contains it, or the next one.</summary>
    internal VmaCursor Find(ulong page)
    {
        if (_root == 0)
        {
            return default;
        }

        uint id = _root;
        ref VmaTreeNode node = ref _nodes[id];
        while (node.Level != 0)
        {
            id = node.Ids[ChildFor(ref node, page)];
            node = ref _nodes[id];
        }

        int index = UpperBound(ref node, 0, page) - 1;
        if (index < 0 || node.Values[index] <= page)
        {
            index++;
        }

        return index < node.Count ? new VmaCursor(id, index) : new VmaCursor(node.Next, 0);
    }

    /// <summary>VMA at a cursor; 0 behind the last.</summary>
    internal uint At(VmaCursor cursor) => cursor.Leaf == 0 ? 0 : _nodes[cursor.Leaf].Ids[cursor.Index];

    /// <summary>Cursor behind another; cursors live until the next change.</summary>
    internal VmaCursor After(VmaCursor cursor)
    {
        ref VmaTreeNode leaf = ref _nodes[cursor.Leaf];
        return cursor.Index + 1 < leaf.Count ? new VmaCursor(cursor.Leaf, cursor.Index + 1) : new VmaCursor(leaf.Next, 0);
    }

    /// <summary>VMA that ends last at or below a page, wherever that is; 0 for none.</summary>
    internal uint Before(ulong page)
    {
        VmaCursor cursor = Find(page);
        if (cursor.Leaf == 0)
        {
            return Last();
        }

        if (cursor.Index > 0)
        {
            return _nodes[cursor.Leaf].Ids[cursor.Index - 1];
        }

        uint previous = _nodes[cursor.Leaf].Previous;
        return previous == 0 ? 0 : _nodes[previous].Ids[_nodes[previous].Count - 1];
    }

    /// <summary>Highest start of a free run, all of it within the limits.</summary>
    /// <param name="pages">Length of the run; at least one.</param>
    /// <param name="floor">Lowest page it may use.</param>
    /// <param name="ceiling">One past the highest page it may use.</param>
    /// <param name="start">First page of the run.</param>
    /// <returns>False when there is no such run.</returns>
    internal bool TryFindRoom(ulong pages, ulong floor, ulong ceiling, out ulong start)
    {
        uint last = _root == 0 ? 0 : RightmostLeaf();
        ulong lastEnd = last == 0 ? 0 : _nodes[last].Values[_nodes[last].Count - 1];
        ulong low = Math.Max(lastEnd, floor);
        if (ceiling >= low && ceiling - low >= pages)
        {
            start = ceiling - pages;
            return true;
        }

        start = 0;
        return _root != 0 && TryFindRoomBelow(_root, pages, floor, ceiling, isAbove: false, out start);
    }

    /// <summary>Forgets every VMA and gives the nodes back; the VMA records are the caller's.</summary>
    internal void Clear()
    {
        if (_root != 0)
        {
            Free(_root);
        }

        _root = 0;
        Count = 0;
    }

    private static int ChildFor(ref VmaTreeNode node, ulong page) => UpperBound(ref node, 1, page) - 1;

    // Number of leading entries, not less than from, whose key is at most page. Branch-free halving: the keys of a node
    // lie in eight cache lines, of which it touches four.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int UpperBound(ref VmaTreeNode node, int from, ulong page)
    {
        ReadOnlySpan<ulong> keys = node.Keys;
        int low = from;
        int length = node.Count - from;
        while (length > 0)
        {
            int half = (length + 1) >> 1;
            low += keys[low + half - 1] <= page ? half : 0;
            length -= half;
        }

        return low;
    }

    private uint Last()
    {
        uint leaf = _root == 0 ? 0 : RightmostLeaf();
        return leaf == 0 ? 0 : _nodes[leaf].Ids[_nodes[leaf].Count - 1];
    }

    private uint RightmostLeaf()
    {
        uint id = _root;
        while (_nodes[id].Level != 0)
        {
            id = _nodes[id].Ids[_nodes[id].Count - 1];
        }

        return id;
    }

    // Of what lies above the ceiling only the very first VMA matters: the hole below it may reach down to the ceiling.
    private bool TryFindRoomBelow(uint id, ulong pages, ulong floor, ulong ceiling, bool isAbove, out ulong start)
    {
        ref VmaTreeNode node = ref _nodes[id];
        int within = isAbove ? 0 : node.Level == 0 ? UpperBound(ref node, 0, ceiling) : ChildFor(ref node, ceiling) + 1;
        for (int i = Math.Min(within, node.Count - 1); i >= 0; i--)
        {
            if (node.Level != 0)
            {
                bool above = isAbove || i == within;
                if (node.Values[i] >= pages && TryFindRoomBelow(node.Ids[i], pages, floor, ceiling, above, out start))
                {
                    return true;
                }

                continue;
            }

            ulong low = Math.Max(floor, i > 0 ? node.Values[i - 1] : EndBefore(ref node));
            ulong high = Math.Min(ceiling, node.Keys[i]);
            if (high >= low && high - low >= pages)
            {
                start = high - pages;
                return true;
            }
        }

        start = 0;
        return false;
    }

    private ulong EndBefore(ref VmaTreeNode leaf) =>
        leaf.Previous == 0 ? 0 : _nodes[leaf.Previous].Values[_nodes[leaf.Previous].Count - 1];

    private void Free(uint id)
    {
        ref VmaTreeNode node = ref _nodes[id];
        for (int i = 0; node.Level != 0 && i < node.Count; i++)
        {
            Free(node.Ids[i]);
        }

        _nodes.Return(id);
    }
}
