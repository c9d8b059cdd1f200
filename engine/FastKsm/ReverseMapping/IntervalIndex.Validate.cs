using System;

namespace FastKsm.ReverseMapping;

/// <content>The check of invariants R6 and R7, for an index at rest.</content>
internal sealed partial class IntervalIndex
{
    /// <summary>Checks order, largest indexes, links and fill, and hands every interval over in the order of keys.</summary>
    /// <param name="root">The index.</param>
    /// <param name="anonVma">Whose it is, for messages.</param>
    /// <param name="visit">Receives the intervals.</param>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    internal void Validate(in IntervalRoot root, uint anonVma, Action<IntervalEntry> visit)
    {
        State state = new() { AnonVma = anonVma, Visit = visit };
        if (root.Tier == IntervalTier.Tree)
        {
            ValidateNode(root.Node, 0, ulong.MaxValue, state);
            Require(state.Leaf != 0 && _nodes[state.Leaf].Next == 0, "R6", anonVma);
            Require(_nodes[root.Node].Level == 0 || _nodes[root.Node].Count > 1, "R6", anonVma);
        }
        else
        {
            foreach (ref readonly IntervalEntry entry in ArrayOf(in root))
            {
                state.Add(entry);
            }
        }

        Require(state.Count == root.Count && (root.Count != 0 || root.Node == 0), "R6", anonVma);
    }

    private static void Require(bool holds, string invariant, uint anonVma)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant {invariant} is broken at anon_vma {anonVma}.");
        }
    }

    // All keys lie in [low, high). Returns the largest last index.
    private ulong ValidateNode(uint id, ulong low, ulong high, State state)
    {
        IntervalNode node = _nodes[id];
        ulong largest = 0;
        Require(node.Count is > 0 and <= IntervalNode.Capacity, "R6", state.AnonVma);
        Require(node.IsSummarized(), "R7", state.AnonVma);
        if (node.Level == 0)
        {
            Require(node.Previous == state.Leaf && (state.Leaf == 0 || _nodes[state.Leaf].Next == id), "R6", state.AnonVma);
            state.Leaf = id;
        }

        for (int i = 0; i < node.Count; i++)
        {
            ulong key = node.Keys[i];
            if (node.Level == 0)
            {
                Require(key >= low && key < high, "R6", state.AnonVma);
                state.Add(new IntervalEntry { Key = key, Last = node.Lasts[i], Vma = node.Ids[i] });
            }
            else
            {
                ulong from = i == 0 ? low : key;
                ulong to = i + 1 < node.Count ? node.Keys[i + 1] : high;
                Require(from >= low && from < to && to <= high, "R6", state.AnonVma);
                Require(_nodes[node.Ids[i]].Level == node.Level - 1, "R6", state.AnonVma);
                Require(ValidateNode(node.Ids[i], from, to, state) == node.Lasts[i], "R7", state.AnonVma);
            }

            largest = ulong.Max(largest, node.Lasts[i]);
        }

        return largest;
    }

    private sealed class State
    {
        internal uint AnonVma { get; init; }

        internal required Action<IntervalEntry> Visit { get; init; }

        internal uint Leaf { get; set; }

        internal int Count { get; private set; }

        private ulong Key { get; set; }

        internal void Add(IntervalEntry entry)
        {
            Require(Count == 0 || Key < entry.Key, "R6", AnonVma);
            Require(entry.Last >= IntervalEntry.StartOf(entry.Key), "R6", AnonVma);
            Key = entry.Key;
            Count++;
            Visit(entry);
        }
    }
}
