using System.Diagnostics;

namespace FastKsm.Merging;

/// <content>Memory that goes away while the machine runs.</content>
internal sealed partial class StableTree
{
    /// <summary>
    /// Discards all nodes with a frame in a range, none of which is in use any more, without a look at the frames; and chains
    /// that have no dup. In the order of contents, as Linux.
    /// </summary>
    /// <param name="first">First frame.</param>
    /// <param name="end">One past the last frame.</param>
    internal void DiscardRange(uint first, uint end)
    {
        foreach (RedBlackTree<StableNode> tree in _trees)
        {
            for (uint position = tree.First; position != 0;)
            {
                // What goes may change the tree's shape, and with it who comes next; as Linux, from the start then.
                position = TryDiscardAt(position, first, end) ? tree.First : tree.After(position);
            }
        }

        for (uint node = _firstMigrating; node != 0;)
        {
            uint next = _nodes[node].Next;
            _ = TryDiscardNode(node, first, end);
            node = next;
        }
    }

    // Whether the position is there no more.
    private bool TryDiscardAt(uint position, uint first, uint end)
    {
        if (!_nodes[position].IsChain)
        {
            return TryDiscardNode(position, first, end);
        }

        for (uint dup = _nodes[position].First; dup != 0;)
        {
            uint next = _nodes[dup].Next;
            _ = TryDiscardNode(dup, first, end);
            dup = next;
        }

        bool empty = _nodes[position].First == 0;
        if (empty)
        {
            DeleteChain(position);
        }

        return empty;
    }

    private bool TryDiscardNode(uint node, uint first, uint end)
    {
        uint frame = _nodes[node].Frame;
        bool gone = frame >= first && frame < end;
        if (gone)
        {
            Debug.Assert(!IsAlive(node), "The frame has been moved, or freed.");
            Discard(node);
        }

        return gone;
    }
}
