using System.Runtime.CompilerServices;

namespace FastKsm.Memory;

/// <summary>The way from the root of a tree of nodes in a slab to a leaf: nodes, and the entry taken in each.</summary>
internal ref struct TreePath
{
    /// <summary>Levels there is room for: as many as four entries in each node need to fill 32-bit ids.</summary>
    internal const int MaxHeight = 16;

    /// <summary>Ids of the nodes, the root's first.</summary>
    internal Steps Nodes;

    /// <summary>In each node, the entry that the way takes.</summary>
    internal Entries Taken;

    /// <summary>How far the way has come: the last node's number.</summary>
    internal int Depth;

    /// <summary>A node id for each level.</summary>
    [InlineArray(MaxHeight)]
    internal struct Steps
    {
        private uint _first;
    }

    /// <summary>An entry for each level.</summary>
    [InlineArray(MaxHeight)]
    internal struct Entries
    {
        private int _first;
    }
}
