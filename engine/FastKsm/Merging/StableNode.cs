using System.Runtime.InteropServices;

namespace FastKsm.Merging;

/// <summary>One merged frame, or the chain of all merged frames of one content. 48 bytes.</summary>
/// <remarks>
/// Layout: as declared. A node stands in the tree, or (a dup) on the list of a chain that stands in the tree for it. It
/// names its frame without a reference: the two belong together while the frame names the node, and the node is stale once
/// it does not. Thread safety: under the ksm mutex.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct StableNode : IRedBlackNode<StableNode>
{
    /// <summary>Value of <see cref="Length"/> that marks a chain, as Linux's.</summary>
    internal const int ChainLength = -1024;

    /// <summary>First eight bytes of the content, the first most significant: settles nearly every comparison.</summary>
    internal ulong Prefix;

    /// <summary>Place in the tree.</summary>
    internal RedBlackLinks Links;

    /// <summary>The merged frame; for a chain, the one pruned next after it.</summary>
    internal uint Frame;

    /// <summary>Newest record; for a chain, its first dup.</summary>
    internal uint First;

    /// <summary>Records on the list, or <see cref="ChainLength"/>.</summary>
    internal int Length;

    /// <summary>Next dup of the same chain.</summary>
    internal uint Next;

    /// <summary>Previous dup of the same chain.</summary>
    internal uint Previous;

    /// <summary>Chain that it hangs off; 0 for none. A chain: <see cref="HasChanged"/>, and the one pruned last before it.</summary>
    internal uint Chain;

    private const uint ChangedBit = 1U << 31;

    /// <summary>Tree that it stands in, itself or by its chain.</summary>
    internal ushort Tree;

    /// <summary>Not 0 while it is on the migrate list instead, linked by <see cref="Next"/> and <see cref="Previous"/>.</summary>
    internal ushort Migrates;

    /// <summary>Whether it is a chain.</summary>
    internal readonly bool IsChain => Length == ChainLength;

    /// <summary>A chain's last prune, in milliseconds of model time; lies over the links to other dups.</summary>
    internal long PruneTime
    {
        readonly get => (long)(((ulong)Previous << 32) | Next);
        set => (Next, Previous) = ((uint)value, (uint)((ulong)value >> 32));
    }

    /// <summary>A chain: whether a walk that passes, its time not having come, could change it.</summary>
    internal bool HasChanged
    {
        readonly get => (Chain & ChangedBit) != 0;
        set => Chain = value ? Chain | ChangedBit : Chain & ~ChangedBit;
    }

    /// <summary>A chain: the one that was pruned next after it; 0 for the latest. Lies over the frame.</summary>
    internal uint PrunedAfter
    {
        readonly get => Frame;
        set => Frame = value;
    }

    /// <summary>A chain: the one that was pruned last before it; 0 for the earliest. Ids have 29 bits.</summary>
    internal uint PrunedBefore
    {
        readonly get => Chain & ~ChangedBit;
        set => Chain = (Chain & ChangedBit) | value;
    }

    /// <inheritdoc/>
    public static ref RedBlackLinks LinksOf(ref StableNode node) => ref node.Links;
}
