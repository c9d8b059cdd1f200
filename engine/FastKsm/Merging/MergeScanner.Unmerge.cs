using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm.Merging;

/// <content>Stopping, unmerging, and settings that need an empty index.</content>
internal sealed partial class MergeScanner<TObserver>
{
    /// <summary>Writes <c>run</c>. Under the mutex.</summary>
    /// <param name="run">0, 1 or 2.</param>
    /// <returns>Not done when a page could not be unmerged; then <c>run</c> is 0.</returns>
    internal MemoryStatus Run(int run)
    {
        MemoryStatus status = MemoryStatus.Done;
        if (Knobs.Run != run)
        {
            Knobs.Run = run;
            if (run == 2)
            {
                status = UnmergeAll();
                Knobs.Run = status == MemoryStatus.Done ? run : 0;
            }
        }

        return status;
    }

    /// <summary>Writes <c>max_page_sharing</c>. Under the mutex.</summary>
    /// <returns>False while pages are merged, by the lazy counter, and the value is another.</returns>
    internal bool TrySetMaxPageSharing(int value)
    {
        if (value != Knobs.MaxPageSharing)
        {
            if (Counters.PagesShared != 0 || !_stable.TryRemoveAll())
            {
                return false;
            }

            Knobs.MaxPageSharing = value;
        }

        return true;
    }

    /// <summary>What the file <c>run</c> shows.</summary>
    internal long RunShown => Knobs.Run;

    /// <summary>Writes <c>merge_across_nodes</c>. Under the mutex.</summary>
    /// <returns>False while pages are merged, by the lazy counter, and the value is another.</returns>
    internal bool TrySetMergeAcrossNodes(bool value)
    {
        if (value != Knobs.MergeAcrossNodes)
        {
            if (Counters.PagesShared != 0 || !_stable.TryRemoveAll())
            {
                return false;
            }

            Knobs.MergeAcrossNodes = value;
        }

        return true;
    }

    private MemoryStatus UnmergeAll()
    {
        MmSlot<TObserver>? slot = _slots.Start();
        while (slot is not null)
        {
            AddressSpace<TObserver> space = slot.Space;
            space.EnterShared();
            MemoryStatus status = space.BreakAllMerged(Cpu);
            if (status != MemoryStatus.Done)
            {
                space.ExitShared();
                _slots.Reset();
                return status;
            }

            _ = FreeItems(slot, 0, _store.PageLimit);
            slot = _slots.Advance(unregister: space.IsExiting);
            space.ExitShared();
        }

        // Frames that are mapped still are busy; the next scan comes upon their nodes.
        _ = _stable.TryRemoveAll();
        _index.ForgetUnstable();
        Counters.FullScans = 0;
        return MemoryStatus.Done;
    }
}
