using System;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <summary>Hands out single frames, nearest node first, through a cache for each CPU, and aligned blocks of 512.</summary>
/// <remarks>
/// A node holds a list of frames given back (linked through their records) and a range never used so far, whose contents
/// are committed a chunk at a time, and a list of whole blocks. How many frames of a block are on the first list is counted,
/// so that a block whose frames have all come back can be told. Exhaustion is reported only when no frame is free anywhere, the other CPUs' caches
/// included. Order is last in, first out throughout, so one driving thread always gets the same frames.
/// Thread safety: all members may be called concurrently. Lock rank: the last but the slabs' own; a cache's latch lies
/// outside a node's.
/// </remarks>
internal sealed partial class FrameAllocator : IDisposable
{
    // Several huge pages of the host, which it can use only where all of one is committed.
    private const uint CommitBytes = 16 * 1024 * 1024;

    private readonly FrameLayout _layout;
    private readonly FrameArena _arena;
    private readonly NativeColumn<FrameRecord> _records;
    private readonly AllocationFaults _faults;
    private readonly Node[] _nodes;
    private readonly CpuFrameCache[] _caches;
    private readonly uint _commitFrames;
    private int _closedNodes;

    // Frames on a node's free list, for each block that lies on one node.
    private readonly NativeColumn<ushort> _freeInBlock;

    internal FrameAllocator(
        in FrameLayout layout, FrameArena arena, NativeColumn<FrameRecord> records, AllocationFaults faults)
    {
        _layout = layout;
        _arena = arena;
        _records = records;
        _faults = faults;
        _commitFrames = Math.Max(1, CommitBytes / (uint)layout.ContentSize);
        _freeInBlock = new NativeColumn<ushort>((layout.Limit >> Sizes.HugeShift) + 1, faults);
        _caches = new CpuFrameCache[layout.Cpus];
        _nodes = new Node[layout.Nodes];
        for (int node = 0; node < layout.Nodes; node++)
        {
            uint first = layout.FirstOf(node);
            _nodes[node] = new Node { First = first, Unused = first, Committed = first, End = layout.FirstOf(node + 1) };
        }
    }

    /// <summary>Takes a free frame; its content is zero unless its record says <see cref="FrameFlags.Used"/>.</summary>
    /// <param name="cpu">The CPU that asks.</param>
    /// <param name="preferred">Node to try first, or -1 for the CPU's own; the others follow in rising order, cyclically.</param>
    /// <param name="frame">The frame, or none.</param>
    /// <returns>Done, or what ran out; in that case nothing has changed.</returns>
    internal MemoryStatus Take(int cpu, int preferred, out Pfn frame)
    {
        frame = Pfn.None;
        if (LockRanks.IsOn)
        {
            LockRanks.AssertOutsideOfLeaves("Taking a frame");
        }

        if (_faults.Strikes())
        {
            return MemoryStatus.OutOfFrames;
        }

        int home = _layout.HomeOf(cpu);
        int wanted = preferred < 0 ? home : preferred;
        MemoryStatus status = MemoryStatus.OutOfFrames;
        for (int step = 0; step < _nodes.Length; step++)
        {
            int node = (wanted + step) % _nodes.Length;
            if (IsClosed(node))
            {
                continue;
            }

            MemoryStatus here = node == home ? TakeCached(cpu, node, out uint number) : TakeFrom(node, out number);
            if (here != MemoryStatus.Done && Drain(node, but: cpu))
            {
                here = TakeFrom(node, out number);
            }

            if (here == MemoryStatus.Done)
            {
                frame = new Pfn(number);
                return here;
            }

            status = here == MemoryStatus.OutOfNativeMemory ? here : status;
        }

        return status;
    }

    /// <summary>Takes back a frame without references.</summary>
    internal void Give(int cpu, Pfn frame)
    {
        int node = _layout.NodeOf(frame.Number);
        if (node != _layout.HomeOf(cpu) || IsClosed(node))
        {
            SpinLatch.Enter(ref _nodes[node].Latch, LockRank.FreeFrames);
            Push(ref _nodes[node], frame.Number);
            SpinLatch.Exit(ref _nodes[node].Latch, LockRank.FreeFrames);
            return;
        }

        ref CpuFrameCache cache = ref _caches[cpu];
        SpinLatch.Enter(ref cache.Latch, LockRank.FrameCache);
        if (cache.Count == CpuFrameCache.Capacity)
        {
            Spill(ref cache, node, CpuFrameCache.Batch);
        }

        cache.Frames[cache.Count++] = frame.Number;
        SpinLatch.Exit(ref cache.Latch, LockRank.FrameCache);
    }

    /// <summary>Frames that can still be had.</summary>
    internal uint CountFree()
    {
        uint free = 0;
        foreach (ref readonly Node node in _nodes.AsSpan())
        {
            free += node.IsGone ? 0 : FreeOf(node);
        }

        foreach (ref readonly CpuFrameCache cache in _caches.AsSpan())
        {
            free += (uint)cache.Count;
        }

        return free;
    }

    /// <summary>Whether a frame has ever left its node's unused range.</summary>
    internal bool HasReached(uint number) => number < _nodes[_layout.NodeOf(number)].Unused;

    /// <summary>Visits each free frame that has been used before; for checks at rest.</summary>
    internal void ForEachFree(Action<Pfn> visit)
    {
        foreach (Node node in _nodes)
        {
            for (uint number = node.FreeHead; number != 0; number = _records[number].Mapping)
            {
                visit(new Pfn(number));
            }

            for (uint first = node.BlockHead; first != 0; first = _records[first].Mapping)
            {
                for (uint i = 0; i < Sizes.HugePages; i++)
                {
                    visit(new Pfn(first + i));
                }
            }
        }

        foreach (CpuFrameCache cache in _caches)
        {
            for (int i = 0; i < cache.Count; i++)
            {
                visit(new Pfn(cache.Frames[i]));
            }
        }
    }

    /// <summary>Frames of nodes that are gone.</summary>
    internal uint CountGone()
    {
        uint gone = 0;
        foreach (ref readonly Node node in _nodes.AsSpan())
        {
            gone += node.IsGone ? node.End - node.First : 0;
        }

        return gone;
    }

    /// <summary>Closes a node: no frame of it is handed out any more.</summary>
    internal void Close(int node)
    {
        SpinLatch.Enter(ref _nodes[node].Latch, LockRank.FreeFrames);
        _nodes[node].IsClosed = true;
        SpinLatch.Exit(ref _nodes[node].Latch, LockRank.FreeFrames);
        _ = Interlocked.Increment(ref _closedNodes);
        _ = Drain(node, but: -1);
    }

    /// <summary>Whether a closed node is gone: all of its frames have come back.</summary>
    internal bool TryLeave(int node)
    {
        SpinLatch.Enter(ref _nodes[node].Latch, LockRank.FreeFrames);
        ref Node record = ref _nodes[node];
        record.IsGone = FreeOf(record) == record.End - record.First;
        SpinLatch.Exit(ref _nodes[node].Latch, LockRank.FreeFrames);
        return record.IsGone;
    }

    /// <summary>Opens a node that has been closed.</summary>
    internal void Open(int node)
    {
        SpinLatch.Enter(ref _nodes[node].Latch, LockRank.FreeFrames);
        (_nodes[node].IsClosed, _nodes[node].IsGone) = (false, false);
        SpinLatch.Exit(ref _nodes[node].Latch, LockRank.FreeFrames);
        _ = Interlocked.Decrement(ref _closedNodes);
    }

    /// <summary>Whether a node is closed.</summary>
    internal bool IsClosed(int node) => Volatile.Read(ref _closedNodes) != 0 && Volatile.Read(ref _nodes[node].IsClosed);

    /// <summary>Nodes that are open.</summary>
    internal int OpenNodes => _nodes.Length - Volatile.Read(ref _closedNodes);

    /// <inheritdoc/>
    public void Dispose() => _freeInBlock.Dispose();

    private static uint FreeOf(in Node node) =>
        node.FreeCount + (node.Blocks * (uint)Sizes.HugePages) + (node.End - node.Unused);

    private MemoryStatus TakeCached(int cpu, int node, out uint number)
    {
        ref CpuFrameCache cache = ref _caches[cpu];
        MemoryStatus status = MemoryStatus.Done;
        SpinLatch.Enter(ref cache.Latch, LockRank.FrameCache);
        if (cache.Count == 0)
        {
            status = Refill(ref cache, node);
        }

        number = status == MemoryStatus.Done ? cache.Frames[--cache.Count] : 0;
        SpinLatch.Exit(ref cache.Latch, LockRank.FrameCache);
        return status;
    }

    private MemoryStatus TakeFrom(int node, out uint number)
    {
        ref Node from = ref _nodes[node];
        SpinLatch.Enter(ref from.Latch, LockRank.FreeFrames);
        MemoryStatus status = Pop(ref from, out number);
        SpinLatch.Exit(ref from.Latch, LockRank.FreeFrames);
        return status;
    }

    // Fills from the top down, so that frames leave the cache in the order in which the node gave them.
    private MemoryStatus Refill(ref CpuFrameCache cache, int node)
    {
        Span<uint> got = stackalloc uint[CpuFrameCache.Batch];
        int count = 0;
        MemoryStatus status = MemoryStatus.Done;
        ref Node from = ref _nodes[node];
        SpinLatch.Enter(ref from.Latch, LockRank.FreeFrames);
        while (count < got.Length && status == MemoryStatus.Done)
        {
            status = Pop(ref from, out uint number);
            if (status == MemoryStatus.Done)
            {
                got[count++] = number;
            }
        }

        SpinLatch.Exit(ref from.Latch, LockRank.FreeFrames);
        for (int i = count; i > 0; i--)
        {
            cache.Frames[cache.Count++] = got[i - 1];
        }

        return count != 0 ? MemoryStatus.Done : status;
    }

    // Gives the frames in CPU caches back to their node.
    private bool Drain(int node, int but)
    {
        bool any = false;
        for (int other = 0; other < _caches.Length; other++)
        {
            if (other == but || _layout.HomeOf(other) != node)
            {
                continue;
            }

            ref CpuFrameCache cache = ref _caches[other];
            SpinLatch.Enter(ref cache.Latch, LockRank.FrameCache);
            any |= cache.Count != 0;
            Spill(ref cache, node, cache.Count);
            SpinLatch.Exit(ref cache.Latch, LockRank.FrameCache);
        }

        return any;
    }

    // Called with the cache's latch held; the coldest frames go.
    private void Spill(ref CpuFrameCache cache, int node, int count)
    {
        Span<uint> frames = ((Span<uint>)cache.Frames)[..cache.Count];
        SpinLatch.Enter(ref _nodes[node].Latch, LockRank.FreeFrames);
        foreach (uint number in frames[..count])
        {
            Push(ref _nodes[node], number);
        }

        SpinLatch.Exit(ref _nodes[node].Latch, LockRank.FreeFrames);
        frames[count..].CopyTo(frames);
        cache.Count -= count;
    }

    private void Push(ref Node node, uint number)
    {
        _records[number].Mapping = node.FreeHead;
        node.FreeHead = number;
        node.FreeCount++;
        if (node.HasBlockOf(number) && ++_freeInBlock[number >> Sizes.HugeShift] == Sizes.HugePages)
        {
            node.FullBlocks++;
        }
    }

    private MemoryStatus Pop(ref Node node, out uint number)
    {
        number = node.FreeHead;
        if (number != 0)
        {
            node.FreeHead = _records[number].Mapping;
            node.FreeCount--;
            if (node.HasBlockOf(number) && _freeInBlock[number >> Sizes.HugeShift]-- == Sizes.HugePages)
            {
                node.FullBlocks--;
            }

            return MemoryStatus.Done;
        }

        if (node.Unused == node.End)
        {
            return node.BlockHead == 0 ? MemoryStatus.OutOfFrames : BreakBlock(ref node, out number);
        }

        if (node.Unused == node.Committed && !TryCommit(ref node))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        number = node.Unused++;
        return MemoryStatus.Done;
    }

    private bool TryCommit(ref Node node)
    {
        uint chunk = Math.Min(_commitFrames, node.End - node.Committed);
        uint last = node.Committed + chunk - 1;
        if (_faults.Strikes()
            || !_records.TryCover(last)
            || !_freeInBlock.TryCover(last >> Sizes.HugeShift)
            || !_arena.TryCommit(node.Committed, chunk))
        {
            return false;
        }

        node.Committed += chunk;
        return true;
    }

    // Sized to two lines so that nodes never share one.
    [StructLayout(LayoutKind.Sequential, Size = Sizes.FalseSharingStride)]
    private struct Node
    {
        internal int Latch;
        internal uint FreeHead;
        internal uint FreeCount;
        internal uint BlockHead;
        internal uint Blocks;
        internal uint FullBlocks;
        internal uint First;
        internal uint Unused;
        internal uint Committed;
        internal uint End;

        // Nothing is taken from it; and, when all of it has come back, it counts no more.
        internal bool IsClosed;
        internal bool IsGone;

        // A block that reaches over the edge of the node is never one.
        internal readonly bool HasBlockOf(uint number)
        {
            uint first = number & ~((uint)Sizes.HugePages - 1);
            return first >= First && first + (ulong)Sizes.HugePages <= End;
        }
    }
}
