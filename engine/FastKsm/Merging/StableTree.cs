using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Diagnostics;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;
using FastKsm.Simd;

namespace FastKsm.Merging;

/// <summary>
/// The merged contents: a red-black tree in memcmp order, with chains where a content needs several frames.
/// </summary>
/// <remarks>
/// A walk maintains every position that it passes, as Linux's does, so the tree's shape shows in the counters. With a
/// <see cref="StableTable"/> beside it the walk is left out whenever it could change nothing.
/// Thread safety: under the ksm mutex, but for lists of items, which change under it and their latch, so that reverse-map walks
/// need only the latch, and for <see cref="Move"/>. Frames may be freed at any time by whoever maps them.
/// </remarks>
internal sealed partial class StableTree : IDisposable
{
    private const uint MaxNodes = (1U << 29) - 1;
    private const uint MaxRecords = uint.MaxValue - 1;
    private const int ListLatches = 128;

    private readonly int _cpu;
    private readonly PhysicalMemory _frames;
    private readonly AnonVmaTable _anonVmas;
    private readonly RmapItemTable _items;
    private readonly MergeCounters _counters;
    private readonly MergeKnobs _knobs;
    private readonly TimeProvider _clock;
    private readonly KsmEventQueue _events;
    private readonly NativeSlab<StableNode> _nodes;
    private readonly NativeSlab<StableRecord> _records;
    private readonly MergeNodes _numa;
    private readonly RedBlackTree<StableNode>[] _trees;
    private readonly LatchStripes _lists = new(ListLatches, LockRank.MergedList);
    private readonly StableTable? _table;
    private readonly bool _indexOverlaysChecksum;
    private long _staleDiscarded;
    private long _unsettledChains;
    private uint _earliestPruned;
    private uint _latestPruned;

    /// <param name="parts">What merging works on.</param>
    /// <param name="hashed">Whether to find contents by checksum where a walk would change nothing.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space or memory.</exception>
    internal StableTree(MergeParts parts, bool hashed)
    {
        _cpu = parts.Cpu;
        _frames = parts.Frames;
        _anonVmas = parts.AnonVmas;
        _items = parts.Items;
        _counters = parts.Counters;
        _knobs = parts.Knobs;
        _clock = parts.Clock;
        _events = parts.Events;
        _nodes = new NativeSlab<StableNode>(MaxNodes, parts.Faults);
        _records = new NativeSlab<StableRecord>(MaxRecords, parts.Faults);
        _numa = parts.Nodes;
        _indexOverlaysChecksum = parts.IndexOverlaysChecksum;
        _trees = new RedBlackTree<StableNode>[_numa.Count];
        for (int i = 0; i < _trees.Length; i++)
        {
            _trees[i] = new RedBlackTree<StableNode>(_nodes);
        }

        _table = hashed ? new StableTable(parts.Faults) : null;
    }

    /// <summary>Bytes of native records in use.</summary>
    internal long UsedBytes => _nodes.UsedBytes + _records.UsedBytes;

    /// <summary>Stable node that an item hangs off; 0 for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint NodeOf(in RmapItem item) => item.State == RmapItemState.Stable ? _records[item.Node].Node : 0;

    /// <summary>Frame of a stable node.</summary>
    internal Pfn FrameOf(uint node) => new(_nodes[node].Frame);

    /// <summary>Prefetches where a content would be found.</summary>
    internal void Prefetch(ulong hash) => _table?.Prefetch(hash);

    /// <summary>Whether there is a merged content with a checksum, as far as checksums are known.</summary>
    internal bool Foretells(ulong hash) => _table is not null && _table.Count != 0 && _table.Find(hash).Node != 0;

    /// <summary>Finds a merged frame that a content can join.</summary>
    /// <param name="frame">Frame with the content; not merged.</param>
    /// <param name="hash">Its checksum.</param>
    /// <returns>Stable node, its frame borrowed; 0 when there is none, or none with room.</returns>
    internal uint Search(Pfn frame, ulong hash)
    {
        if (_table is not null && IsSettled())
        {
            // As long as no merged content has been freed or changed its load, only the position of equal content counts.
            uint position = _table.Count == 0 ? 0 : FindHashed(frame, hash);
            if (position == 0)
            {
                return 0;
            }

            uint dup = Select(ref position, mayPrune: true);
            if (dup != 0 && !IsCandidate(_nodes[dup].Length))
            {
                return 0;
            }

            if (dup != 0 && TryBorrow(dup))
            {
                return IsMisplaced(dup) ? GiveWay(dup) : dup;
            }

            // Freed by another thread just now: the walk discards it.
        }

        Place place = Walk(frame, mayPrune: true);
        if (place.Dup == 0)
        {
            return 0;
        }

        if (!IsCandidate(_nodes[place.Dup].Length))
        {
            _frames.Release(_cpu, FrameOf(place.Dup));
            return 0;
        }

        return IsMisplaced(place.Dup) ? GiveWay(place.Dup) : place.Dup;
    }

    /// <summary>Sets records aside for one insertion and two appended items.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPromiseInsert()
    {
        if (!_nodes.TryPromise(2))
        {
            return false;
        }

        if (!_records.TryPromise(2))
        {
            _nodes.CancelPromise(2);
            return false;
        }

        // Two nodes may take the two ids after the largest one yet.
        if (_table is null || _table.TryReserve(_nodes.IdLimit + 2))
        {
            return true;
        }

        CancelInsert();
        return false;
    }

    /// <summary>Gives up <see cref="TryPromiseInsert"/>.</summary>
    internal void CancelInsert()
    {
        _nodes.CancelPromise(2);
        _records.CancelPromise(2);
    }

    /// <summary>
    /// Makes a stable node of a frame that has just become a merged one, out of a promise for it and two records.
    /// </summary>
    /// <returns>The node, without items.</returns>
    internal uint Insert(Pfn frame)
    {
        Place place = Walk(frame, mayPrune: false);
        uint node = _nodes.TakePromised();
        _nodes[node].Frame = frame.Number;
        _nodes[node].Prefix = PrefixOf(frame);
        _nodes[node].Tree = (ushort)_numa.Of(frame);
        if (place.Dup == 0)
        {
            _nodes.CancelPromise(1);
            _trees[_nodes[node].Tree].Insert(node, place.Parent, place.Before);
            _table?.Add(ChecksumOf(frame), node);
        }
        else
        {
            _frames.Release(_cpu, FrameOf(place.Dup));
            uint chain = place.Position;
            if (_nodes[chain].IsChain)
            {
                _nodes.CancelPromise(1);
            }
            else
            {
                chain = MakeChain(place.Position);
            }

            AddDup(chain, node);
        }

        _frames[frame].Mapping = node;
        return node;
    }

    /// <summary>Removes all nodes whose frames are mapped by nobody. For an index without items.</summary>
    /// <returns>False when a frame is still mapped; some nodes may have gone.</returns>
    internal bool TryRemoveAll()
    {
        bool all = true;
        foreach (RedBlackTree<StableNode> tree in _trees)
        {
            all &= TryRemoveAll(tree);
        }

        for (uint node = _firstMigrating; node != 0;)
        {
            uint next = _nodes[node].Next;
            all &= TryRemove(node);
            node = next;
        }

        return all;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _table?.Dispose();
        _records.Dispose();
        _nodes.Dispose();
    }

    private bool IsCandidate(int length) => length > 0 && length < _knobs.MaxPageSharing;

    private long Now => (long)((Int128)_clock.GetTimestamp() * 1000 / _clock.TimestampFrequency);

    // Whether a walk could do nothing but find: no node is stale, no chain has changed since it was looked at, and the one
    // whose last prune is the longest ago is not due.
    private bool IsSettled() =>
        _frames.MergedFramesFreed == _staleDiscarded
        && _unsettledChains == 0
        && (_earliestPruned == 0 || Now - _nodes[_earliestPruned].PruneTime < _knobs.ChainsPruneMilliseconds);

    private Place Walk(Pfn frame, bool mayPrune)
    {
        ulong prefix = PrefixOf(frame);
        RedBlackTree<StableNode> tree = _trees[_numa.Of(frame)];
    again:
        Place place = default;
        for (uint position = tree.Root; position != 0;)
        {
            uint dup = Select(ref position, mayPrune);
            if (dup == 0)
            {
                goto again;
            }

            int order = prefix.CompareTo(_nodes[position].Prefix);
            if (order == 0)
            {
                if (!TryBorrow(dup))
                {
                    goto again;
                }

                order = _frames.Compare(frame, FrameOf(dup));
                if (order == 0)
                {
                    place.Position = position;
                    place.Dup = dup;
                    return place;
                }

                _frames.Release(_cpu, FrameOf(dup));
            }

            place.Parent = position;
            place.Before = order < 0;
            ref RedBlackLinks links = ref tree.Links(position);
            position = order < 0 ? links.Left : links.Right;
        }

        return place;
    }

    private uint FindHashed(Pfn frame, ulong hash)
    {
        Debug.Assert(_table is not null, "Asked for only where there is a table.");
        int tree = _numa.Of(frame);
        for (StableTable.Cursor at = _table.Find(hash); at.Node != 0; at = _table.FindNext(at))
        {
            if (_nodes[at.Node].Tree != tree)
            {
                continue;
            }

            uint dup = _nodes[at.Node].IsChain ? _nodes[at.Node].First : at.Node;
            if (dup != 0 && _frames.AreEqual(frame, FrameOf(dup)))
            {
                return at.Node;
            }
        }

        return 0;
    }

    private bool TryRemoveAll(RedBlackTree<StableNode> tree)
    {
        while (tree.Root != 0)
        {
            uint position = tree.Root;
            if (!_nodes[position].IsChain)
            {
                if (!TryRemove(position))
                {
                    return false;
                }

                continue;
            }

            while (_nodes[position].First != 0)
            {
                if (!TryRemove(_nodes[position].First))
                {
                    return false;
                }
            }

            DeleteChain(position);
        }

        return true;
    }

    private bool TryRemove(uint node)
    {
        if (!IsAlive(node))
        {
            Discard(node);
            return true;
        }

        ref FrameRecord frame = ref _frames[FrameOf(node)];
        if (frame.MapCount != 0 || _nodes[node].First != 0)
        {
            return false;
        }

        // Somebody borrows it still; the frame stays merged, of no node.
        frame.Mapping = 0;
        if (_events.IsOn)
        {
            _events.Add(new KsmEvent(KsmEventKind.RemoveKsmPage, _nodes[node].Frame));
        }

        Unlink(node);
        return true;
    }

    private ulong PrefixOf(Pfn frame) => BinaryPrimitives.ReadUInt64BigEndian(_frames.Content(frame));

    private ulong ChecksumOf(Pfn frame) =>
        PageChecksum.Hash64(in MemoryMarshal.GetReference(_frames.Content(frame)), (nuint)_frames.ContentSize);

    // Where a walk ended: at equal content (position, and the dup there, borrowed), or under a parent.
    private struct Place
    {
        internal uint Position;
        internal uint Dup;
        internal uint Parent;
        internal bool Before;
    }
}
