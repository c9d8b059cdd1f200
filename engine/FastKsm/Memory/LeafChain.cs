namespace FastKsm.Memory;

/// <summary>The leaves of a tree in a slab, one after the other.</summary>
/// <remarks>Thread safety: under the lock that changes of the tree are made under.</remarks>
internal static class LeafChain
{
    /// <summary>Enters a leaf that is in no chain behind one that is.</summary>
    internal static void LinkAfter<TNode>(this NativeSlab<TNode> nodes, uint left, uint right)
        where TNode : unmanaged, ILeafNode
    {
        uint next = nodes[left].Next;
        (nodes[right].Previous, nodes[right].Next) = (left, next);
        nodes[left].Next = right;
        if (next != 0)
        {
            nodes[next].Previous = right;
        }
    }

    /// <summary>Takes a leaf out of its chain; does nothing to an inner node, which is in none.</summary>
    internal static void Unlink<TNode>(this NativeSlab<TNode> nodes, uint id)
        where TNode : unmanaged, ILeafNode
    {
        (uint previous, uint next) = (nodes[id].Previous, nodes[id].Next);
        if (previous != 0)
        {
            nodes[previous].Next = next;
        }

        if (next != 0)
        {
            nodes[next].Previous = previous;
        }
    }
}
