using System;
using System.Collections.Generic;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <content>The check of the stable half.</content>
internal sealed partial class StableTree
{
    /// <summary>Checks shape, order, lists and frames, and counts again.</summary>
    /// <param name="holds">Receives, for each anon_vma, the items that hold it.</param>
    /// <exception cref="InvalidOperationException">An invariant is broken; the message names it.</exception>
    internal StableRecount Validate(Dictionary<uint, int> holds)
    {
        StableRecount recount = new();
        uint nodes = 0;
        uint positions = 0;
        long stale = 0;
        for (int tree = 0; tree < _trees.Length; tree++)
        {
            ValidateTree(tree, holds, recount, ref nodes, ref positions, ref stale);
        }

        uint last = 0;
        for (uint node = _firstMigrating; node != 0; node = _nodes[node].Next)
        {
            nodes++;
            Require(_nodes[node].Migrates != 0 && _nodes[node].Previous == last, "K2", node);
            stale += ValidateNode(node, 0, holds, recount) ? 0 : 1;
            last = node;
        }

        ValidatePruneOrder(recount.Chains);
        Require(nodes == _nodes.LiveCount && recount.Items.Count == _records.LiveCount, "K2", nodes);
        Require(_frames.MergedFramesFreed - _staleDiscarded == stale, "K2", (uint)stale);
        Require(_table is null || _table.Count == positions, "K3", positions);
        return recount;
    }

    private void ValidateTree(
        int tree, Dictionary<uint, int> holds, StableRecount recount, ref uint nodeCount, ref uint positionCount, ref long staleCount)
    {
        uint before = 0;
        uint nodes = 0;
        uint positions = 0;
        long stale = 0;
        _trees[tree].Validate(position =>
        {
            positions++;
            Require(before == 0 || _nodes[before].Prefix <= _nodes[position].Prefix, "K1", position);
            Require(_nodes[position].Tree == tree && _nodes[position].Migrates == 0, "K1", position);
            before = position;
            nodes++;
            if (!_nodes[position].IsChain)
            {
                stale += ValidateNode(position, 0, holds, recount) ? 0 : 1;
                return;
            }

            recount.Chains++;
            uint previous = 0;
            for (uint dup = _nodes[position].First; dup != 0; dup = _nodes[dup].Next)
            {
                nodes++;
                recount.Dups++;
                Require(_nodes[dup].Tree == tree && _nodes[dup].Migrates == 0, "K2", dup);
                Require(_nodes[dup].Previous == previous && _nodes[dup].Prefix == _nodes[position].Prefix, "K2", dup);
                stale += ValidateNode(dup, position, holds, recount) ? 0 : 1;
                previous = dup;
            }
        });
        nodeCount += nodes;
        positionCount += positions;
        staleCount += stale;
    }

    private static void Require(bool holds, string invariant, uint node)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant {invariant} is broken at stable node {node}.");
        }
    }

    private void ValidatePruneOrder(long chains)
    {
        uint before = 0;
        long unsettled = 0;
        for (uint chain = _earliestPruned; chain != 0; chain = _nodes[chain].PrunedAfter)
        {
            Require(_nodes[chain].IsChain && _nodes[chain].PrunedBefore == before, "K2", chain);
            Require(before == 0 || _nodes[before].PruneTime <= _nodes[chain].PruneTime, "K2", chain);
            unsettled += _nodes[chain].HasChanged ? 1 : 0;
            before = chain;
            chains--;
        }

        Require(chains == 0 && before == _latestPruned && unsettled == _unsettledChains, "K2", before);
    }

    // Whether the node is alive.
    private bool ValidateNode(uint node, uint chain, Dictionary<uint, int> holds, StableRecount recount)
    {
        StableNode record = _nodes[node];
        Require(!record.IsChain && record.Chain == chain, "K2", node);
        int length = 0;
        uint previous = 0;
        for (uint id = record.First; id != 0; id = _records[id].Next)
        {
            StableRecord entry = _records[id];
            Require(entry.Node == node && entry.Previous == previous, "K2", node);
            Require(_items[entry.Item].Node == id && recount.Items.Add(entry.Item), "K2", node);
            holds[entry.AnonVma] = holds.GetValueOrDefault(entry.AnonVma) + 1;
            previous = id;
            length++;
        }

        Require(length == record.Length, "K2", node);
        recount.Shared += length != 0 ? 1 : 0;
        recount.Sharing += length != 0 ? length - 1 : 0;
        ref FrameRecord frame = ref _frames[FrameOf(node)];
        bool alive = frame.Has(FrameFlags.Ksm) && frame.Mapping == node;
        Require(!alive || PrefixOf(FrameOf(node)) == record.Prefix, "K2", node);
        return alive;
    }
}
