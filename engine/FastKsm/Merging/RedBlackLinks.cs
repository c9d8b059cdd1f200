using System.Runtime.InteropServices;

namespace FastKsm.Merging;

/// <summary>A node's place in a red-black tree. 12 bytes; all zero for a node that is in no tree.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RedBlackLinks
{
    private const uint RedBit = 1U << 31;

    private uint _parentAndColour;

    /// <summary>Subtree that sorts before.</summary>
    internal uint Left;

    /// <summary>Subtree that sorts after.</summary>
    internal uint Right;

    /// <summary>Parent; 0 for the root.</summary>
    internal uint Parent
    {
        readonly get => _parentAndColour & ~RedBit;
        set => _parentAndColour = (_parentAndColour & RedBit) | value;
    }

    /// <summary>Red or black.</summary>
    internal bool IsRed
    {
        readonly get => (_parentAndColour & RedBit) != 0;
        set => _parentAndColour = (_parentAndColour & ~RedBit) | (value ? RedBit : 0);
    }
}
