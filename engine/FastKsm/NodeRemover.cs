using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Merging;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>
/// Takes the memory of a NUMA node away while the machine runs, and brings it back (memory hot-remove).
/// </summary>
/// <remarks>
/// Thread safety: one removal at a time; everything else may go on meanwhile, ksmd aside, which waits.
/// </remarks>
internal sealed class NodeRemover
{
    private readonly int _cpu;
    private readonly AddressSpaceStore _store;
    private readonly FrameMigrator _migrator;
    private readonly MergeScanner _merger;

    internal NodeRemover(int cpu, AddressSpaceStore store, FrameMigrator migrator, MergeScanner merger)
    {
        _cpu = cpu;
        _store = store;
        _migrator = migrator;
        _merger = merger;
    }

    /// <summary>Moves all that lies on a node elsewhere, and takes the node out of use.</summary>
    /// <param name="node">The node, in use.</param>
    /// <returns>
    /// Busy when something cannot be moved, because it is borrowed, or shared memory, or nowhere is room; or when it is the
    /// last node. The node stays in use then; pages that could be moved have been.
    /// </returns>
    internal MemoryStatus TryRemove(int node)
    {
        FrameAllocator allocator = _store.Frames.Allocator;
        FrameLayout layout = _store.Frames.Layout;
        if (allocator.OpenNodes == 1)
        {
            return MemoryStatus.Busy;
        }

        (uint first, uint end) = (layout.FirstOf(node), layout.FirstOf(node + 1));
        _merger.BeginRemoval();
        allocator.Close(node);
        MoveAway(first, end);
        bool gone = allocator.TryLeave(node);
        if (!gone)
        {
            allocator.Open(node);
        }

        _merger.EndRemoval(first, gone ? end : first);
        return gone ? MemoryStatus.Done : MemoryStatus.Busy;
    }

    private void MoveAway(uint first, uint end)
    {
        for (uint number = first; number < end; number++)
        {
            Pfn frame = new(number);
            if (_store.Frames.IsKnown(frame) && _store.Frames.TryBorrow(_cpu, frame))
            {
                _ = _migrator.TryMigrate(_cpu, frame, -1, out Pfn where);
                _store.Frames.Release(_cpu, where);
            }
        }
    }
}
