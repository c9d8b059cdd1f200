using System.Runtime.InteropServices;

namespace FastKsm.Merging;

/// <summary>Place of an rmap item in an unstable tree. 20 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UnstableNode : IRedBlackNode<UnstableNode>
{
    /// <summary>Place in the tree.</summary>
    internal RedBlackLinks Links;

    /// <summary>The item.</summary>
    internal uint Item;

    /// <summary>Which tree.</summary>
    internal int Tree;

    /// <inheritdoc/>
    public static ref RedBlackLinks LinksOf(ref UnstableNode node) => ref node.Links;
}
