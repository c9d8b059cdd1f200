using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>A red-black tree whose shape is Linux's, rotation for rotation: the shape of the stable tree shows in the counters.</summary>
/// <typeparam name="TNode">A record with links.</typeparam>
/// <remarks>
/// The caller walks and compares; this type links, repairs and unlinks. Repairs are those of Cormen, Leiserson, Rivest and
/// Stein; a node with two children is replaced by its in-order successor, which takes over its colour.
/// Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class RedBlackTree<TNode>
    where TNode : unmanaged, IRedBlackNode<TNode>
{
    private readonly NativeSlab<TNode> _nodes;

    internal RedBlackTree(NativeSlab<TNode> nodes) => _nodes = nodes;

    /// <summary>The root; 0 for an empty tree.</summary>
    internal uint Root { get; private set; }

    /// <summary>A node's links.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref RedBlackLinks Links(uint node) => ref TNode.LinksOf(ref _nodes[node]);

    /// <summary>Forgets every node without looking at any.</summary>
    internal void Forget() => Root = 0;

    /// <summary>First node in order; 0 for an empty tree.</summary>
    internal uint First
    {
        get
        {
            uint node = Root;
            while (node != 0 && Links(node).Left != 0)
            {
                node = Links(node).Left;
            }

            return node;
        }
    }

    /// <summary>Node behind another one in order; 0 for none.</summary>
    internal uint After(uint node)
    {
        uint next = Links(node).Right;
        if (next != 0)
        {
            while (Links(next).Left != 0)
            {
                next = Links(next).Left;
            }

            return next;
        }

        next = Links(node).Parent;
        while (next != 0 && Links(next).Right == node)
        {
            (node, next) = (next, Links(next).Parent);
        }

        return next;
    }

    /// <summary>Links a node as a leaf and repairs.</summary>
    /// <param name="node">The node.</param>
    /// <param name="parent">Its parent; 0 for an empty tree.</param>
    /// <param name="before">Whether it is the parent's left child, which there is not yet.</param>
    internal void Insert(uint node, uint parent, bool before)
    {
        Links(node) = new RedBlackLinks { Parent = parent, IsRed = true };
        if (parent == 0)
        {
            Debug.Assert(Root == 0, "Only the first node has no parent.");
            Root = node;
        }
        else if (before)
        {
            Debug.Assert(Links(parent).Left == 0, "Nodes are linked at leaves.");
            Links(parent).Left = node;
        }
        else
        {
            Debug.Assert(Links(parent).Right == 0, "Nodes are linked at leaves.");
            Links(parent).Right = node;
        }

        RepairInsert(node);
    }

    /// <summary>Puts a node in the place of another, colour and all.</summary>
    internal void Replace(uint old, uint node)
    {
        RedBlackLinks links = Links(old);
        Links(node) = links;
        SetChild(links.Parent, old, node);
        SetParent(links.Left, node);
        SetParent(links.Right, node);
        Links(old) = default;
    }

    /// <summary>Unlinks a node and repairs.</summary>
    internal void Remove(uint node)
    {
        RedBlackLinks links = Links(node);
        uint rising;
        uint risingParent;
        bool lostBlack;
        if (links.Left == 0 || links.Right == 0)
        {
            rising = links.Left == 0 ? links.Right : links.Left;
            risingParent = links.Parent;
            lostBlack = !links.IsRed;
            SetChild(links.Parent, node, rising);
            SetParent(rising, links.Parent);
        }
        else
        {
            uint successor = links.Right;
            while (Links(successor).Left != 0)
            {
                successor = Links(successor).Left;
            }

            rising = Links(successor).Right;
            lostBlack = !Links(successor).IsRed;
            risingParent = Links(successor).Parent;
            if (risingParent == node)
            {
                risingParent = successor;
            }
            else
            {
                Links(risingParent).Left = rising;
                SetParent(rising, risingParent);
                Links(successor).Right = links.Right;
                SetParent(links.Right, successor);
            }

            Links(successor).Left = links.Left;
            SetParent(links.Left, successor);
            SetChild(links.Parent, node, successor);
            Links(successor).Parent = links.Parent;
            Links(successor).IsRed = links.IsRed;
        }

        Links(node) = default;
        if (lostBlack)
        {
            RepairRemove(rising, risingParent);
        }
    }

    /// <summary>Checks colours, black heights and parent links; visits nodes in order.</summary>
    /// <exception cref="InvalidOperationException">The tree is malformed.</exception>
    internal void Validate(Action<uint> visit)
    {
        if (Root != 0)
        {
            Require(Links(Root).Parent == 0 && !Links(Root).IsRed, Root);
            _ = BlackHeight(Root, visit);
        }
    }

    private int BlackHeight(uint node, Action<uint> visit)
    {
        if (node == 0)
        {
            return 1;
        }

        RedBlackLinks links = Links(node);
        Require(links.Left == 0 || Links(links.Left).Parent == node, node);
        Require(links.Right == 0 || Links(links.Right).Parent == node, node);
        Require(!links.IsRed || (!IsRed(links.Left) && !IsRed(links.Right)), node);
        int left = BlackHeight(links.Left, visit);
        visit(node);
        Require(left == BlackHeight(links.Right, visit), node);
        return left + (links.IsRed ? 0 : 1);
    }

    private static void Require(bool holds, uint node)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant K1 is broken at tree node {node}.");
        }
    }

    private void RepairInsert(uint node)
    {
        for (; ; )
        {
            uint parent = Links(node).Parent;
            if (parent == 0)
            {
                Links(node).IsRed = false;
                return;
            }

            if (!Links(parent).IsRed)
            {
                return;
            }

            // A red parent is never the root.
            uint grandparent = Links(parent).Parent;
            bool parentIsLeft = Links(grandparent).Left == parent;
            uint uncle = parentIsLeft ? Links(grandparent).Right : Links(grandparent).Left;
            if (IsRed(uncle))
            {
                Links(uncle).IsRed = false;
                Links(parent).IsRed = false;
                Links(grandparent).IsRed = true;
                node = grandparent;
                continue;
            }

            if (node == (parentIsLeft ? Links(parent).Right : Links(parent).Left))
            {
                Rotate(parent, toLeft: parentIsLeft);
                parent = node;
            }

            Links(parent).IsRed = false;
            Links(grandparent).IsRed = true;
            Rotate(grandparent, toLeft: !parentIsLeft);
            return;
        }
    }

    // Paths through node (0 for an empty place under parent) have one black node too few.
    private void RepairRemove(uint node, uint parent)
    {
        while (parent != 0 && !IsRed(node))
        {
            bool nodeIsLeft = Links(parent).Left == node;
            uint sibling = nodeIsLeft ? Links(parent).Right : Links(parent).Left;
            if (IsRed(sibling))
            {
                Links(sibling).IsRed = false;
                Links(parent).IsRed = true;
                Rotate(parent, toLeft: nodeIsLeft);
                sibling = nodeIsLeft ? Links(parent).Right : Links(parent).Left;
            }

            uint near = nodeIsLeft ? Links(sibling).Left : Links(sibling).Right;
            uint far = nodeIsLeft ? Links(sibling).Right : Links(sibling).Left;
            if (!IsRed(near) && !IsRed(far))
            {
                Links(sibling).IsRed = true;
                node = parent;
                parent = Links(node).Parent;
                continue;
            }

            if (!IsRed(far))
            {
                Links(near).IsRed = false;
                Links(sibling).IsRed = true;
                Rotate(sibling, toLeft: !nodeIsLeft);
                far = sibling;
                sibling = near;
            }

            Links(sibling).IsRed = Links(parent).IsRed;
            Links(parent).IsRed = false;
            Links(far).IsRed = false;
            Rotate(parent, toLeft: nodeIsLeft);
            return;
        }

        if (node != 0)
        {
            Links(node).IsRed = false;
        }
    }

    // The node goes down on the named side; its other child comes up.
    private void Rotate(uint node, bool toLeft)
    {
        ref RedBlackLinks links = ref Links(node);
        uint riser = toLeft ? links.Right : links.Left;
        ref RedBlackLinks rising = ref Links(riser);
        uint between = toLeft ? rising.Left : rising.Right;
        if (toLeft)
        {
            links.Right = between;
            rising.Left = node;
        }
        else
        {
            links.Left = between;
            rising.Right = node;
        }

        SetParent(between, node);
        rising.Parent = links.Parent;
        SetChild(links.Parent, node, riser);
        links.Parent = riser;
    }

    private void SetChild(uint parent, uint old, uint child)
    {
        if (parent == 0)
        {
            Root = child;
        }
        else if (Links(parent).Left == old)
        {
            Links(parent).Left = child;
        }
        else
        {
            Links(parent).Right = child;
        }
    }

    private void SetParent(uint node, uint parent)
    {
        if (node != 0)
        {
            Links(node).Parent = parent;
        }
    }

    private bool IsRed(uint node) => node != 0 && Links(node).IsRed;
}
