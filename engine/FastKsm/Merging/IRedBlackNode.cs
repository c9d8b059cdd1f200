namespace FastKsm.Merging;

/// <summary>A record that can stand in a <see cref="RedBlackTree{TNode}"/>.</summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
internal interface IRedBlackNode<TSelf>
    where TSelf : unmanaged
{
    /// <summary>Its links.</summary>
    static abstract ref RedBlackLinks LinksOf(ref TSelf node);
}
