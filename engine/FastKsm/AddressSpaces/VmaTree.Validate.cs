using System;

namespace FastKsm.AddressSpaces;

/// <content>The check of invariant A1 as far as it concerns the tree.</content>
internal sealed partial class VmaTree
{
    /// <summary>Checks order, keys, gaps, links and count.</summary>
    /// <param name="visit">Called for each entry, in order: VMA id, start, end.</param>
    /// <exception cref="InvalidOperationException">Something is wrong.</exception>
    internal void Validate(Action<uint, ulong, ulong> visit)
    {
        int count = 0;
        ulong end = 0;
        uint leaf = 0;
        if (_root != 0)
        {
            Check(_root, 0, ulong.MaxValue, ref count, ref end, ref leaf, visit);
            Require(_nodes[leaf].Next == 0);
        }

        Require(count == Count);
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("Invariant A1 is broken in a VMA tree.");
        }
    }

    private void Check(
        uint id, ulong low, ulong high, ref int count, ref ulong end, ref uint lastLeaf, Action<uint, ulong, ulong> visit)
    {
        ref VmaTreeNode node = ref _nodes[id];
        Require(node.Count is > 0 and <= VmaTreeNode.Capacity);
        if (node.Level == 0)
        {
            Require(node.Previous == lastLeaf && (lastLeaf == 0 || _nodes[lastLeaf].Next == id));
            lastLeaf = id;
        }

        for (int i = 0; i < node.Count; i++)
        {
            if (node.Level == 0)
            {
                Require(node.Keys[i] >= low && node.Keys[i] < high && node.Keys[i] >= end);
                Require(node.Values[i] > node.Keys[i] && node.Values[i] <= high);
                end = node.Values[i];
                count++;
                visit(node.Ids[i], node.Keys[i], node.Values[i]);
                continue;
            }

            ref VmaTreeNode child = ref _nodes[node.Ids[i]];
            Require(child.Level == node.Level - 1);
            ulong childLow = i == 0 ? low : node.Keys[i];
            ulong childHigh = i + 1 < node.Count ? node.Keys[i + 1] : high;
            Require(childLow >= low && childLow < childHigh && childHigh <= high);
            Check(node.Ids[i], childLow, childHigh, ref count, ref end, ref lastLeaf, visit);
            Require(node.Values[i] == LargestGap(ref child));
        }
    }
}
