using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <content>Nodes and their frames: who is alive, and frames that have moved to another NUMA node.</content>
internal sealed partial class StableTree
{
    private uint _firstMigrating;

    /// <summary>
    /// Whether a node stands in the tree of its frame. Always so unless contents of different nodes are kept apart.
    /// </summary>
    internal bool IsPlaced(uint node) => _nodes[node].Migrates == 0 && !IsMisplaced(node);

    /// <summary>The content of a merged frame has been copied to another one, which has its flags.</summary>
    /// <remarks>Thread safety: without the ksm mutex; nobody has a reference to the old frame but the mover.</remarks>
    internal void Move(Pfn from, Pfn to)
    {
        uint node = _frames[from].Mapping;
        if (node == 0)
        {
            return;
        }

        // The order by which readers can tell a move from the end of the content. The old frame names no node
        // when it is freed, so no node is stale by it.
        Debug.Assert(_nodes[node].Frame == from.Number, "A merged frame and its node name each other.");
        _frames[to].Mapping = node;
        Volatile.Write(ref _nodes[node].Frame, to.Number);
        Thread.MemoryBarrier();
        _frames[from].Mapping = 0;
    }

    /// <summary>
    /// Finds the place of a node whose frame lies on another NUMA node than its tree, and puts it there.
    /// </summary>
    /// <param name="node">The node; its frame is borrowed.</param>
    /// <returns>
    /// Node that a page on this frame can belong to, borrowed: the same, another one of equal content, or 0 for none.
    /// </returns>
    internal uint Resettle(uint node)
    {
        if (_nodes[node].Migrates == 0)
        {
            EnterMigrateList(node);
        }

        if (!_nodes.TryPromise(1))
        {
            return 0;
        }

        if (_table is not null && !_table.TryReserve(_nodes.IdLimit + 1))
        {
            _nodes.CancelPromise(1);
            return 0;
        }

        uint found = PlacePromised(node, out bool chained);
        if (!chained)
        {
            _nodes.CancelPromise(1);
        }

        return found;
    }

    /// <summary>Discards the nodes whose frames have gone while they had no place.</summary>
    internal void DiscardStaleMigrating()
    {
        for (uint node = _firstMigrating; node != 0;)
        {
            uint next = _nodes[node].Next;
            if (!IsAlive(node))
            {
                Discard(node);
            }

            node = next;
        }
    }

    private uint PlacePromised(uint node, out bool chained)
    {
        chained = false;
        Pfn frame = FrameOf(node);
        Place place = Walk(frame, mayPrune: true);
        if (place.Dup == 0)
        {
            Arrive(node, frame);
            _trees[_nodes[node].Tree].Insert(node, place.Parent, place.Before);
            _table?.Add(ChecksumOf(frame), node);
            return BorrowCandidate(node);
        }

        Pfn other = FrameOf(place.Dup);
        if (_frames[frame].MapCount > 1)
        {
            uint chain = place.Position;
            if (!_nodes[chain].IsChain)
            {
                chain = MakeChain(chain);
                chained = true;
            }

            Arrive(node, frame);
            AddDup(chain, node);
        }
        else if (!IsCandidate(_nodes[place.Dup].Length))
        {
            _frames.Release(_cpu, other);
            return 0;
        }
        else if (!IsMisplaced(place.Dup))
        {
            return place.Dup;
        }
        else
        {
            TakePlaceOf(place.Dup, node, frame);
        }

        _frames.Release(_cpu, other);
        return BorrowCandidate(node);
    }

    // Both have moved: one to the tree where the other is missing its frame.
    private void TakePlaceOf(uint displaced, uint node, Pfn frame)
    {
        uint chain = _nodes[displaced].Chain;
        Arrive(node, frame);
        if (chain != 0)
        {
            EnterMigrateList(displaced);
            AddDup(chain, node);
            return;
        }

        _trees[_nodes[node].Tree].Replace(displaced, node);
        _table?.Replace(displaced, node);
        LinkMigrating(displaced);
    }

    private void Arrive(uint node, Pfn frame)
    {
        LeaveMigrateList(node);
        _nodes[node].Tree = (ushort)_numa.Of(frame);
    }

    private uint BorrowCandidate(uint node) => IsCandidate(_nodes[node].Length) && TryBorrow(node) ? node : 0;

    private bool IsMisplaced(uint node) => _numa.AreApart && _numa.Of(FrameOf(node)) != _nodes[node].Tree;

    // A node whose frame has moved to another NUMA node leaves the tree, and nobody joins it here.
    private uint GiveWay(uint borrowed)
    {
        Pfn frame = FrameOf(borrowed);
        EnterMigrateList(borrowed);
        _frames.Release(_cpu, frame);
        return 0;
    }

    private void EnterMigrateList(uint node)
    {
        Displace(node);
        LinkMigrating(node);
    }

    private void LinkMigrating(uint node)
    {
        ref StableNode record = ref _nodes[node];
        (record.Migrates, record.Next, record.Previous) = (1, _firstMigrating, 0);
        if (_firstMigrating != 0)
        {
            _nodes[_firstMigrating].Previous = node;
        }

        _firstMigrating = node;
    }

    private void LeaveMigrateList(uint node)
    {
        ref StableNode record = ref _nodes[node];
        if (record.Previous == 0)
        {
            _firstMigrating = record.Next;
        }
        else
        {
            _nodes[record.Previous].Next = record.Next;
        }

        if (record.Next != 0)
        {
            _nodes[record.Next].Previous = record.Previous;
        }

        (record.Migrates, record.Next, record.Previous) = (0, 0, 0);
    }

    // The frame names the node exactly as long as the node's content is there.
    private bool IsAlive(uint node)
    {
        if (_frames.MergedFramesFreed == _staleDiscarded)
        {
            return true;
        }

        Pfn frame = FrameOf(node);
        do
        {
            if (Names(frame, node))
            {
                return true;
            }
        }
        while (HasMoved(node, ref frame));

        return false;
    }

    // A borrowed frame does not move.
    private bool TryBorrow(uint node)
    {
        Pfn frame = FrameOf(node);
        do
        {
            if (_frames[frame].TryAddReference())
            {
                if (Names(frame, node))
                {
                    return true;
                }

                _frames.Release(_cpu, frame);
            }
        }
        while (HasMoved(node, ref frame));

        return false;
    }

    private bool Names(Pfn frame, uint node) => _frames[frame].Has(FrameFlags.Ksm) && _frames[frame].Mapping == node;

    // Whether the node has another frame than the one that was just found not to name it.
    private bool HasMoved(uint node, ref Pfn frame)
    {
        Thread.MemoryBarrier();
        Pfn before = frame;
        frame = new Pfn(Volatile.Read(ref _nodes[node].Frame));
        return frame != before;
    }
}
