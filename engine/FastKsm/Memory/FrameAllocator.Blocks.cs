using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <content>Aligned blocks of 512 frames.</content>
internal sealed partial class FrameAllocator
{
    /// <summary>Takes a whole block.</summary>
    /// <param name="cpu">The CPU that asks.</param>
    /// <param name="preferred">Node to try first, or -1 for the CPU's own; the others follow as for single frames.</param>
    /// <param name="first">Its first frame, or none.</param>
    /// <returns>Done, or what ran out; in that case nobody has less than before.</returns>
    internal MemoryStatus TakeHuge(int cpu, int preferred, out Pfn first)
    {
        first = Pfn.None;
        if (LockRanks.IsOn)
        {
            LockRanks.AssertOutsideOfLeaves("Taking a huge page");
        }

        if (_faults.Strikes())
        {
            return MemoryStatus.OutOfFrames;
        }

        int wanted = preferred < 0 ? _layout.HomeOf(cpu) : preferred;
        MemoryStatus status = MemoryStatus.OutOfFrames;
        for (int step = 0; step < _nodes.Length && !first.IsSome; step++)
        {
            int node = (wanted + step) % _nodes.Length;
            if (IsClosed(node))
            {
                continue;
            }

            SpinLatch.Enter(ref _nodes[node].Latch, LockRank.FreeFrames);
            MemoryStatus here = PopBlock(ref _nodes[node], out uint number);
            SpinLatch.Exit(ref _nodes[node].Latch, LockRank.FreeFrames);
            if (here == MemoryStatus.OutOfFrames && Drain(node, but: -1))
            {
                SpinLatch.Enter(ref _nodes[node].Latch, LockRank.FreeFrames);
                here = PopBlock(ref _nodes[node], out number);
                SpinLatch.Exit(ref _nodes[node].Latch, LockRank.FreeFrames);
            }

            first = new Pfn(number);
            status = here == MemoryStatus.OutOfFrames ? status : here;
        }

        return status;
    }

    /// <summary>Takes back a block of frames without references.</summary>
    internal void GiveHuge(Pfn first)
    {
        ref Node node = ref _nodes[_layout.NodeOf(first.Number)];
        SpinLatch.Enter(ref node.Latch, LockRank.FreeFrames);
        PushBlock(ref node, first.Number);
        SpinLatch.Exit(ref node.Latch, LockRank.FreeFrames);
    }

    private void PushBlock(ref Node node, uint first)
    {
        _records[first].Mapping = node.BlockHead;
        node.BlockHead = first;
        node.Blocks++;
    }

    private MemoryStatus PopBlock(ref Node node, out uint first)
    {
        if (node.BlockHead == 0 && node.FullBlocks != 0)
        {
            CollectBlocks(ref node);
        }

        first = node.BlockHead;
        if (first == 0)
        {
            return PopFreshBlock(ref node, out first);
        }

        node.BlockHead = _records[first].Mapping;
        node.Blocks--;
        _records[first].Mapping = 0;
        return MemoryStatus.Done;
    }

    // Of the range that was never used; what lies before the block goes to the free list.
    private MemoryStatus PopFreshBlock(ref Node node, out uint first)
    {
        first = 0;
        ulong start = ((ulong)node.Unused + Sizes.HugePages - 1) & ~((ulong)Sizes.HugePages - 1);
        if (start + Sizes.HugePages > node.End)
        {
            return MemoryStatus.OutOfFrames;
        }

        while (node.Committed < start + Sizes.HugePages)
        {
            if (!TryCommit(ref node))
            {
                return MemoryStatus.OutOfNativeMemory;
            }
        }

        first = (uint)start;
        for (uint number = first; number-- > node.Unused;)
        {
            Push(ref node, number);
        }

        node.Unused = first + Sizes.HugePages;
        return MemoryStatus.Done;
    }

    // The frames of a block, so that the lowest is the next to go. Nothing else is free.
    private MemoryStatus BreakBlock(ref Node node, out uint number)
    {
        MemoryStatus status = PopBlock(ref node, out uint first);
        Debug.Assert(status == MemoryStatus.Done, "There was a block.");
        for (uint i = Sizes.HugePages; i-- > 0;)
        {
            Push(ref node, first + i);
        }

        return Pop(ref node, out number);
    }

    // Sorts the blocks whose frames are all free out of the free list, the order of which stays.
    private void CollectBlocks(ref Node node)
    {
        uint kept = 0;
        for (uint number = node.FreeHead, next; number != 0; number = next)
        {
            next = _records[number].Mapping;
            if (node.HasBlockOf(number) && _freeInBlock[number >> Sizes.HugeShift] == Sizes.HugePages)
            {
                _records[number].Mapping = 0;
                node.FreeCount--;
                if ((number & (Sizes.HugePages - 1)) == 0)
                {
                    PushBlock(ref node, number);
                }
            }
            else
            {
                _ = kept == 0 ? node.FreeHead = number : _records[kept].Mapping = number;
                kept = number;
            }
        }

        _ = kept == 0 ? node.FreeHead = 0 : _records[kept].Mapping = 0;
        for (uint first = node.BlockHead; first != 0; first = _records[first].Mapping)
        {
            _freeInBlock[first >> Sizes.HugeShift] = 0;
        }

        node.FullBlocks = 0;
    }
}
