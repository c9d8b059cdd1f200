using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Merging;

/// <content>Items on stable nodes, and nodes that go.</content>
internal sealed partial class StableTree
{
    /// <summary>Sets a record aside for one appended item.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPromiseRecord() => _records.TryPromise(1);

    /// <summary>Gives up <see cref="TryPromiseRecord"/>.</summary>
    internal void CancelRecord() => _records.CancelPromise(1);

    /// <summary>Hangs an item off a node, newest first, out of a promised record.</summary>
    /// <param name="node">The node; its frame is mapped at the item's page.</param>
    /// <param name="item">The item, in no index.</param>
    /// <param name="anonVma">anon_vma of its VMA, held; the hold goes with it.</param>
    /// <param name="index">Its linear page index.</param>
    internal void Append(uint node, uint item, uint anonVma, ulong index)
    {
        ref RmapItem owner = ref _items[item];
        Debug.Assert(owner.State == RmapItemState.Volatile, "An item is in one index at most.");
        uint id = _records.TakePromised();
        ReaderWriterLatch list = _lists.Of(node);
        list.EnterWrite();
        ref StableNode record = ref _nodes[node];
        uint first = record.First;
        _records[id] = new StableRecord { Node = node, Next = first, AnonVma = anonVma, Item = item, Index = (uint)index };
        owner.State = RmapItemState.Stable;
        owner.Sequence = (byte)(index >> 32);
        owner.Node = id;
        record.First = id;
        record.Length++;
        if (first != 0)
        {
            _records[first].Previous = id;
        }

        list.ExitWrite();
        Unsettle(record.Chain);
        if (first != 0)
        {
            _counters.PagesSharing++;
        }
        else
        {
            _counters.PagesShared++;
        }

        _items.ListOf(item).MergingPages++;
    }

    /// <summary>Takes an item off its node. If the node turns out stale, all its items go, and the node.</summary>
    internal void TakeOut(uint item)
    {
        Debug.Assert(_items[item].State == RmapItemState.Stable, "The item hangs off a node.");
        uint id = _items[item].Node;
        uint node = _records[id].Node;
        if (!IsAlive(node))
        {
            Discard(node);
            return;
        }

        ReaderWriterLatch list = _lists.Of(node);
        list.EnterWrite();
        (uint next, uint previous) = (_records[id].Next, _records[id].Previous);
        if (previous == 0)
        {
            _nodes[node].First = next;
        }
        else
        {
            _records[previous].Next = next;
        }

        if (next != 0)
        {
            _records[next].Previous = previous;
        }

        list.ExitWrite();
        if (_nodes[node].First != 0)
        {
            _counters.PagesSharing--;
        }
        else
        {
            _counters.PagesShared--;
        }

        _nodes[node].Length--;
        Unsettle(_nodes[node].Chain);
        Free(id);
    }

    /// <summary>Keeps the list of the node that a frame names, for one who has no ksm mutex.</summary>
    /// <param name="frame">A merged frame to which the caller has a reference, so that its node stays its node.</param>
    /// <param name="tryOnly">Whether to give up rather than wait.</param>
    /// <param name="node">
    /// The node, for <see cref="ExitList"/>; 0 for none yet, or none any more: then it has no list.
    /// </param>
    /// <returns>False when somebody changes it.</returns>
    internal bool TryEnterList(Pfn frame, bool tryOnly, out uint node)
    {
        node = _frames[frame].Mapping;
        if (node == 0)
        {
            return true;
        }

        ReaderWriterLatch list = _lists.Of(node);
        if (!tryOnly)
        {
            list.EnterRead();
        }
        else if (!list.TryEnterRead())
        {
            return false;
        }

        if (_frames[frame].Mapping != node)
        {
            // A node without items goes although its frame is there (TryRemove).
            list.ExitRead();
            node = 0;
        }

        return true;
    }

    /// <summary>Gives <see cref="TryEnterList"/> back.</summary>
    internal void ExitList(uint node)
    {
        if (node != 0)
        {
            _lists.Of(node).ExitRead();
        }
    }

    /// <summary>Newest record of a node; 0 for none.</summary>
    internal uint FirstRecordOf(uint node) => node == 0 ? 0 : _nodes[node].First;

    /// <summary>A record, and the one merged before it; 0 for none.</summary>
    internal uint NextRecord(uint id, out StableRecord record)
    {
        record = _records[id];
        return record.Next;
    }

    // The node's frame has gone: nobody maps it any more, whatever the items still say.
    private void Discard(uint node)
    {
        _staleDiscarded++;
        _counters.Statistics.StaleNodesDiscarded++;
        bool told = _events.IsOn;
        long frame = _nodes[node].Frame;
        for (uint id = _nodes[node].First; id != 0;)
        {
            uint next = _records[id].Next;
            if (next != 0)
            {
                _counters.PagesSharing--;
                if (told)
                {
                    uint item = _records[id].Item;
                    _events.Add(new KsmEvent(KsmEventKind.RemoveRmapItem, frame, item, _items.ListOf(item).SpaceId));
                }
            }
            else
            {
                _counters.PagesShared--;
            }

            Free(id);
            id = next;
        }

        if (told)
        {
            _events.Add(new KsmEvent(KsmEventKind.RemoveKsmPage, frame));
        }

        Unlink(node);
    }

    private void Free(uint id)
    {
        StableRecord record = _records[id];
        ref RmapItem item = ref _items[record.Item];
        item.State = RmapItemState.Volatile;
        item.Node = 0;
        ForgetOverlaid(ref item);
        _items.ListOf(record.Item).MergingPages--;
        _anonVmas.Drop(record.AnonVma);
        _records.Return(id);
    }

    /// <summary>An item has had a page index and is not merged, or not any more.</summary>
    internal void ForgetOverlaid(ref RmapItem item)
    {
        if (_indexOverlaysChecksum)
        {
            (item.Checksum, item.Age, item.RemainingSkips) = (0, 0, 0);
        }
    }

    private void Unlink(uint node)
    {
        Displace(node);
        FreeNode(node);
    }

    // From the tree, from its chain, which stays even when empty, or from the migrate list.
    private void Displace(uint node)
    {
        uint chain = _nodes[node].Chain;
        if (_nodes[node].Migrates != 0)
        {
            LeaveMigrateList(node);
        }
        else if (chain != 0)
        {
            UnlinkDup(node);
            _counters.Dups--;
            Unsettle(chain);
        }
        else
        {
            _trees[_nodes[node].Tree].Remove(node);
            _table?.Remove(node);
        }
    }

    // A free record must not look like a node.
    private void FreeNode(uint node)
    {
        _nodes[node] = default;
        _nodes.Return(node);
    }
}
