using System.Runtime.InteropServices;

namespace FastKsm.Merging;

/// <summary>Place of an rmap item in the unstable tree. 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UnstableNode : IRedBlackNode<UnstableNode>
{
    /// <summary>Place in the tree.</summary>
    internal RedBlackLinks Links;

    /// <summary>The item.</summary>
    internal uint Item;

    /// <inheritdoc/>
    public static ref RedBlackLinks LinksOf(ref UnstableNode node) => ref node.Links;
}
