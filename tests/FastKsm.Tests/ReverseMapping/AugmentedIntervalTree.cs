using System;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>
/// Intervals as Linux keeps those of an anon_vma: a red-black tree ordered by start alone, with the largest last index of every
/// subtree; equal starts in the order of insertion.
/// </summary>
/// <remarks>
/// The oracle of the interval index in tests, and the "before" of its comparison. A node takes 64 bytes, as Linux's
/// anon_vma_chain; ids stand for pointers, 0 for null. Balance and look-up: Cormen et al., chapters 13 and 14; iteration:
/// rmap.md section 3. Thread safety: none.
/// </remarks>
internal sealed class AugmentedIntervalTree
{
    private readonly Node[] _nodes;
    private uint _root;
    private uint _leftmost;
    private uint _free;
    private uint _used;

    /// <param name="capacity">Largest number of intervals.</param>
    internal AugmentedIntervalTree(int capacity) => _nodes = new Node[capacity + 1];

    /// <summary>Intervals in the tree.</summary>
    internal int Count { get; private set; }

    /// <summary>Enters an interval behind all that have the same start.</summary>
    /// <param name="first">First page index.</param>
    /// <param name="last">Last page index.</param>
    /// <param name="vma">Whose it is.</param>
    /// <returns>Its node, by which it is removed.</returns>
    internal uint Insert(ulong first, ulong last, uint vma)
    {
        uint id = _free != 0 ? _free : ++_used;
        _free = _free != 0 ? _nodes[id].Right : 0;
        uint parent = 0;
        bool leftmost = true;
        bool left = false;
        for (uint at = _root; at != 0;)
        {
            parent = at;
            _nodes[at].Largest = ulong.Max(_nodes[at].Largest, last);
            left = first < _nodes[at].First;
            leftmost &= left;
            at = left ? _nodes[at].Left : _nodes[at].Right;
        }

        _nodes[id] = new Node { First = first, Last = last, Largest = last, Vma = vma, Parent = parent, IsRed = true };
        if (parent == 0)
        {
            _root = id;
        }
        else if (left)
        {
            _nodes[parent].Left = id;
        }
        else
        {
            _nodes[parent].Right = id;
        }

        _leftmost = leftmost ? id : _leftmost;
        Count++;
        BalanceAfterInsertion(id);
        return id;
    }

    /// <summary>Takes an interval out.</summary>
    internal void Remove(uint id)
    {
        if (_leftmost == id)
        {
            _leftmost = Successor(id);
        }

        // The node that leaves its place: this one, or its successor, which has no left child and takes this one's place.
        uint hole = id;
        bool black = !_nodes[id].IsRed;
        uint child;
        uint parent;
        if (_nodes[id].Left == 0 || _nodes[id].Right == 0)
        {
            child = _nodes[id].Left == 0 ? _nodes[id].Right : _nodes[id].Left;
            parent = _nodes[id].Parent;
            Replace(id, child);
        }
        else
        {
            hole = Minimum(_nodes[id].Right);
            black = !_nodes[hole].IsRed;
            child = _nodes[hole].Right;
            parent = _nodes[hole].Parent;
            if (parent == id)
            {
                parent = hole;
            }
            else
            {
                Replace(hole, child);
                _nodes[hole].Right = _nodes[id].Right;
                _nodes[_nodes[hole].Right].Parent = hole;
            }

            Replace(id, hole);
            _nodes[hole].Left = _nodes[id].Left;
            _nodes[_nodes[hole].Left].Parent = hole;
            _nodes[hole].IsRed = _nodes[id].IsRed;
        }

        for (uint at = parent; at != 0; at = _nodes[at].Parent)
        {
            Augment(at);
        }

        if (black)
        {
            BalanceAfterRemoval(child, parent);
        }

        _nodes[id] = new Node { Right = _free };
        _free = id;
        Count--;
    }

    /// <summary>First interval that overlaps [first, last], by start; 0 for none.</summary>
    internal uint First(ulong first, ulong last) =>
        _root == 0 || _nodes[_root].Largest < first || _nodes[_leftmost].First > last ? 0 : Search(_root, first, last);

    /// <summary>The next one that overlaps [first, last]; 0 for none.</summary>
    internal uint Next(uint id, ulong first, ulong last)
    {
        for (; ; )
        {
            uint right = _nodes[id].Right;
            if (right != 0 && _nodes[right].Largest >= first)
            {
                return Search(right, first, last);
            }

            uint from;
            do
            {
                from = id;
                id = _nodes[id].Parent;
                if (id == 0)
                {
                    return 0;
                }
            }
            while (_nodes[id].Right == from);

            if (_nodes[id].First > last)
            {
                return 0;
            }

            if (_nodes[id].Last >= first)
            {
                return id;
            }
        }
    }

    /// <summary>VMA of an interval.</summary>
    internal uint VmaOf(uint id) => _nodes[id].Vma;

    /// <summary>Checks order, colours, parents and largest indexes (rmap.md invariants 20, 22, 24, 25).</summary>
    /// <exception cref="InvalidOperationException">One does not hold.</exception>
    internal void Validate()
    {
        int seen = 0;
        ulong before = 0;
        _ = Check(_root, parent: 0, ref seen, ref before);
        Require(seen == Count && !_nodes[_root].IsRed && (_root == 0 ? _leftmost == 0 : _leftmost == Minimum(_root)));
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("The oracle itself is broken.");
        }
    }

    private int Check(uint id, uint parent, ref int seen, ref ulong before)
    {
        if (id == 0)
        {
            return 1;
        }

        Node node = _nodes[id];
        Require(node.Parent == parent && !(node.IsRed && (_nodes[node.Left].IsRed || _nodes[node.Right].IsRed)));
        int height = Check(node.Left, id, ref seen, ref before);
        Require(node.First >= before);
        before = node.First;
        seen++;
        Require(height == Check(node.Right, id, ref seen, ref before));
        Require(node.Largest == LargestOf(id));
        return height + (node.IsRed ? 0 : 1);
    }

    private uint Search(uint id, ulong first, ulong last)
    {
        for (; ; )
        {
            uint left = _nodes[id].Left;
            if (left != 0 && _nodes[left].Largest >= first)
            {
                id = left;
                continue;
            }

            if (_nodes[id].First > last)
            {
                return 0;
            }

            if (_nodes[id].Last >= first)
            {
                return id;
            }

            id = _nodes[id].Right;
            if (id == 0 || _nodes[id].Largest < first)
            {
                return 0;
            }
        }
    }

    private ulong LargestOf(uint id) => ulong.Max(
        _nodes[id].Last, ulong.Max(_nodes[_nodes[id].Left].Largest, _nodes[_nodes[id].Right].Largest));

    private void Augment(uint id) => _nodes[id].Largest = LargestOf(id);

    private uint Minimum(uint id)
    {
        while (_nodes[id].Left != 0)
        {
            id = _nodes[id].Left;
        }

        return id;
    }

    private uint Successor(uint id)
    {
        if (_nodes[id].Right != 0)
        {
            return Minimum(_nodes[id].Right);
        }

        uint parent = _nodes[id].Parent;
        while (parent != 0 && _nodes[parent].Right == id)
        {
            (id, parent) = (parent, _nodes[parent].Parent);
        }

        return parent;
    }

    private void Replace(uint id, uint by)
    {
        uint parent = _nodes[id].Parent;
        if (parent == 0)
        {
            _root = by;
        }
        else if (_nodes[parent].Left == id)
        {
            _nodes[parent].Left = by;
        }
        else
        {
            _nodes[parent].Right = by;
        }

        if (by != 0)
        {
            _nodes[by].Parent = parent;
        }
    }

    private void Rotate(uint id, bool left)
    {
        uint up = left ? _nodes[id].Right : _nodes[id].Left;
        uint moved = left ? _nodes[up].Left : _nodes[up].Right;
        Debug.Assert(up != 0, "Nothing to rotate up.");
        Replace(id, up);
        if (left)
        {
            (_nodes[id].Right, _nodes[up].Left) = (moved, id);
        }
        else
        {
            (_nodes[id].Left, _nodes[up].Right) = (moved, id);
        }

        _nodes[id].Parent = up;
        if (moved != 0)
        {
            _nodes[moved].Parent = id;
        }

        Augment(id);
        Augment(up);
    }

    private void BalanceAfterInsertion(uint id)
    {
        for (uint parent; (parent = _nodes[id].Parent) != 0 && _nodes[parent].IsRed;)
        {
            uint grand = _nodes[parent].Parent;
            bool left = _nodes[grand].Left == parent;
            uint uncle = left ? _nodes[grand].Right : _nodes[grand].Left;
            _nodes[grand].IsRed = true;
            if (_nodes[uncle].IsRed)
            {
                (_nodes[parent].IsRed, _nodes[uncle].IsRed) = (false, false);
                id = grand;
                continue;
            }

            if (id == (left ? _nodes[parent].Right : _nodes[parent].Left))
            {
                Rotate(parent, left);
                (parent, id) = (id, parent);
            }

            _nodes[parent].IsRed = false;
            Rotate(grand, !left);
        }

        _nodes[_root].IsRed = false;
    }

    // The way through this place, whose node may be none, lacks a black one.
    private void BalanceAfterRemoval(uint id, uint parent)
    {
        while (id != _root && !_nodes[id].IsRed)
        {
            bool left = _nodes[parent].Left == id;
            uint sibling = left ? _nodes[parent].Right : _nodes[parent].Left;
            if (_nodes[sibling].IsRed)
            {
                (_nodes[sibling].IsRed, _nodes[parent].IsRed) = (false, true);
                Rotate(parent, left);
                sibling = left ? _nodes[parent].Right : _nodes[parent].Left;
            }

            uint near = left ? _nodes[sibling].Left : _nodes[sibling].Right;
            uint far = left ? _nodes[sibling].Right : _nodes[sibling].Left;
            if (!_nodes[near].IsRed && !_nodes[far].IsRed)
            {
                _nodes[sibling].IsRed = true;
                (id, parent) = (parent, _nodes[parent].Parent);
                continue;
            }

            if (!_nodes[far].IsRed)
            {
                (_nodes[near].IsRed, _nodes[sibling].IsRed) = (false, true);
                Rotate(sibling, !left);
                (far, sibling) = (sibling, near);
            }

            _nodes[sibling].IsRed = _nodes[parent].IsRed;
            (_nodes[parent].IsRed, _nodes[far].IsRed) = (false, false);
            Rotate(parent, left);
            id = _root;
        }

        if (id != 0)
        {
            _nodes[id].IsRed = false;
        }
    }

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Node
    {
        internal ulong First;
        internal ulong Last;
        internal ulong Largest;
        internal uint Parent;
        internal uint Left;
        internal uint Right;
        internal uint Vma;
        internal bool IsRed;
    }
}
