using System;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.Merging;

/// <summary>Linux's index: two red-black trees in memcmp order. Exact to the last counter, also when contents change during a scan.</summary>
/// <remarks>
/// The unstable tree holds items, not contents: nothing in it is write-protected, so it may come to be mis-sorted and hide a
/// match, as on Linux. Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class ContentTree : IMergeIndex
{
    private const uint MaxNodes = (1U << 31) - 1;
    private const int Cpu = 0;

    private readonly PhysicalMemory _frames;
    private readonly RmapItemTable _items;
    private readonly Func<uint, Pfn> _borrowPage;
    private readonly NativeSlab<UnstableNode> _nodes;
    private readonly MergeNodes _numa;
    private readonly RedBlackTree<UnstableNode>[] _trees;

    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal ContentTree(MergeParts parts)
    {
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

        Stable = new StableTree(parts, hashed: false);
    }

    /// <inheritdoc/>
    public StableTree Stable { get; }

    /// <inheritdoc/>
    public long UsedBytes => _nodes.UsedBytes + Stable.UsedBytes;

    /// <inheritdoc/>
    public void ForgetUnstable()
    {
        foreach (RedBlackTree<UnstableNode> tree in _trees)
        {
            FreeAll(tree);
            tree.Forget();
        }
    }

    /// <inheritdoc/>
    public void Prefetch(ulong hash)
    {
        // A walk's path is known only step by step.
    }

    /// <inheritdoc/>
    public UnstableMatch SearchOrInsert(uint item, Pfn frame, ulong hash)
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
                _frames.Release(Cpu, other);
                return new UnstableMatch(UnstableOutcome.Aborted);
            }

            int order = _frames.Compare(frame, other);
            if (order == 0 && _numa.Of(other) == numa)
            {
                return new UnstableMatch(UnstableOutcome.Found, met, other);
            }

            _frames.Release(Cpu, other);
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

        if (!_nodes.TryTake(out uint node))
        {
            return new UnstableMatch(UnstableOutcome.Aborted);
        }

        _nodes[node].Item = item;
        _nodes[node].Tree = numa;
        tree.Insert(node, parent, before);
        _items[item].Node = node;
        return new UnstableMatch(UnstableOutcome.Inserted);
    }

    /// <inheritdoc/>
    public void Remove(uint item)
    {
        uint node = _items[item].Node;
        _trees[_nodes[node].Tree].Remove(node);
        _nodes.Return(node);
    }

    /// <inheritdoc/>
    public void Validate(long entered)
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
    public void Dispose()
    {
        Stable.Dispose();
        _nodes.Dispose();
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
