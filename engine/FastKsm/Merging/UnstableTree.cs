using System;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>
/// Quiet pages met during this scan, in red-black trees in memcmp order, one for each NUMA node that is kept apart.
/// </summary>
/// <remarks>
/// It holds items, not contents: nothing in it is write-protected, so it may come to be mis-sorted and hide a match, as on
/// Linux; and where the page of an item is not to be had any more, whoever comes by goes no further.
/// Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class UnstableTree : IDisposable
{
    private const uint MaxNodes = (1U << 31) - 1;

    private readonly int _cpu;
    private readonly PhysicalMemory _frames;
    private readonly RmapItemTable _items;
    private readonly Func<uint, Pfn> _borrowPage;
    private readonly NativeSlab<UnstableNode> _nodes;
    private readonly MergeNodes _numa;
    private readonly RedBlackTree<UnstableNode>[] _trees;

    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal UnstableTree(MergeParts parts)
    {
        _cpu = parts.Cpu;
        _frames = parts.Frames;
        _items = parts.Items;
        _borrowPage = parts.BorrowPage;
        _nodes = new NativeSlab<UnstableNode>(MaxNodes, parts.Faults);
        _numa = parts.Nodes;
        _trees = new RedBlackTree<UnstableNode>[_numa.Count];
        for (int i = 0; i < _trees.Length; i++)
        {
            _trees[i] = new RedBlackTree<UnstableNode>(_nodes);
        }
    }

    /// <summary>Bytes of native records in use.</summary>
    internal long UsedBytes => _nodes.UsedBytes;

    /// <summary>Forgets everything. Items keep what they remember of it.</summary>
    internal void Forget()
    {
        foreach (RedBlackTree<UnstableNode> tree in _trees)
        {
            FreeAll(tree);
            tree.Forget();
        }
    }

    /// <summary>Looks for quiet content, or enters it: <see cref="IMergeIndex.SearchOrInsert"/>.</summary>
    internal UnstableMatch SearchOrInsert(uint item, Pfn frame)
    {
        uint parent = 0;
        bool before = false;
        int numa = _numa.Of(frame);
        RedBlackTree<UnstableNode> tree = _trees[numa];
        for (uint at = tree.Root; at != 0;)
        {
            uint met = _nodes[at].Item;
            Pfn other = _borrowPage(met);
            if (!other.IsSome)
            {
                return new UnstableMatch(UnstableOutcome.Aborted);
            }

            if (other == frame)
            {
                _frames.Release(_cpu, other);
                return new UnstableMatch(UnstableOutcome.Aborted);
            }

            int order = _frames.Compare(frame, other);
            if (order == 0 && _numa.Of(other) == numa)
            {
                return new UnstableMatch(UnstableOutcome.Found, met, other);
            }

            _frames.Release(_cpu, other);
            if (order == 0)
            {
                // It has moved to another node since it was entered; from the next scan on it is in that node's tree.
                return new UnstableMatch(UnstableOutcome.Aborted);
            }

            parent = at;
            before = order < 0;
            ref RedBlackLinks links = ref tree.Links(at);
            at = before ? links.Left : links.Right;
        }

        return new UnstableMatch(TryLink(item, numa, parent, before) ? UnstableOutcome.Inserted : UnstableOutcome.Aborted);
    }

    /// <summary>
    /// Enters an item again that was entered earlier in this scan, when its content was nobody's else.
    /// </summary>
    /// <param name="item">The item. If it has no page any more, its content was zeroes.</param>
    /// <param name="numa">Tree that it was entered in.</param>
    /// <returns>False when the host has no memory.</returns>
    internal bool TryEnterAgain(uint item, int numa)
    {
        Pfn frame = BorrowOrZero(item);
        RedBlackTree<UnstableNode> tree = _trees[numa];
        uint parent = 0;
        bool before = false;
        for (uint at = tree.Root; at != 0;)
        {
            Pfn other = BorrowOrZero(_nodes[at].Item);
            before = _frames.Compare(frame, other) < 0;
            GiveBack(other);
            parent = at;
            ref RedBlackLinks links = ref tree.Links(at);
            at = before ? links.Left : links.Right;
        }

        GiveBack(frame);
        return TryLink(item, numa, parent, before);
    }

    /// <summary>Takes out an item that was entered during this scan.</summary>
    internal void Remove(uint item)
    {
        uint node = _items[item].Node;
        _trees[_nodes[node].Tree].Remove(node);
        _nodes.Return(node);
    }

    /// <summary>Checks the trees against the items that were entered during this scan.</summary>
    /// <param name="entered">Number of such items.</param>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    internal void Validate(long entered)
    {
        long found = 0;
        for (int i = 0; i < _trees.Length; i++)
        {
            int numa = i;
            _trees[i].Validate(node =>
            {
                found++;
                if (_items[_nodes[node].Item] is not { State: RmapItemState.Unstable } item || item.Node != node
                    || _nodes[node].Tree != numa)
                {
                    throw new InvalidOperationException($"Invariant K3 is broken at unstable node {node}.");
                }
            });
        }

        if (found != entered || _nodes.LiveCount != found)
        {
            throw new InvalidOperationException($"Invariant K3 is broken: {found} nodes in the unstable tree, {entered} items.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _nodes.Dispose();

    private Pfn BorrowOrZero(uint item)
    {
        Pfn frame = _borrowPage(item);
        return frame.IsSome ? frame : PhysicalMemory.AnyZeroFrame;
    }

    private void GiveBack(Pfn frame)
    {
        if (frame != PhysicalMemory.AnyZeroFrame)
        {
            _frames.Release(_cpu, frame);
        }
    }

    private bool TryLink(uint item, int numa, uint parent, bool before)
    {
        if (!_nodes.TryTake(out uint node))
        {
            return false;
        }

        _nodes[node].Item = item;
        _nodes[node].Tree = numa;
        _trees[numa].Insert(node, parent, before);
        _items[item].Node = node;
        return true;
    }

    // Leaf by leaf, without recursion and without memory: descends, frees, climbs by the parent links.
    private void FreeAll(RedBlackTree<UnstableNode> tree)
    {
        uint at = tree.Root;
        while (at != 0)
        {
            ref RedBlackLinks links = ref tree.Links(at);
            uint child = links.Left != 0 ? links.Left : links.Right;
            if (child != 0)
            {
                at = child;
                continue;
            }

            uint parent = links.Parent;
            if (parent != 0)
            {
                ref RedBlackLinks above = ref tree.Links(parent);
                if (above.Left == at)
                {
                    above.Left = 0;
                }
                else
                {
                    above.Right = 0;
                }
            }

            _nodes.Return(at);
            at = parent;
        }
    }
}
