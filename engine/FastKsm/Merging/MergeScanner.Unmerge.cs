using System.Threading;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm.Merging;

/// <content>Stopping, unmerging, and settings that need an empty index.</content>
internal sealed partial class MergeScanner
{
    // As Linux shows it in the file run.
    private const long RemovingBit = 4;

    private bool _isRemoving;

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
    internal long RunShown => Knobs.Run + (Volatile.Read(ref _isRemoving) ? RemovingBit : 0);

    /// <summary>Memory is about to go away: until <see cref="EndRemoval"/> ksmd and writers of settings wait.</summary>
    internal void BeginRemoval()
    {
        _mutex.Enter();
        Volatile.Write(ref _isRemoving, true);
        _mutex.Exit();
    }

    /// <summary>Memory has gone away, or has not.</summary>
    /// <param name="first">First frame that has gone.</param>
    /// <param name="end">One past the last one; the same if none has.</param>
    internal void EndRemoval(uint first, uint end)
    {
        _mutex.Enter();
        _stable.DiscardRange(first, end);
        Volatile.Write(ref _isRemoving, false);
        _mutex.Exit();
    }

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

    // Takes the mutex when no memory is going away.
    private void EnterAtRest()
    {
        _mutex.Enter();
        while (_isRemoving)
        {
            _mutex.Exit();
            Thread.Sleep(0);
            _mutex.Enter();
        }
    }

    private MemoryStatus UnmergeAll()
    {
        MmSlot? slot = _slots.Start();
        while (slot is not null)
        {
            AddressSpace space = slot.Space;
            space.EnterShared();
            MemoryStatus status = PageMerge.BreakAll(space, _cpu);
            if (status != MemoryStatus.Done)
            {
                space.ExitShared();
                _slots.Reset();
                return status;
            }

            _ = FreeItems(slot, 0, _store.PageLimit);
            bool unregister = space.IsExiting;
            slot = _slots.Advance(unregister);
            space.ExitShared();
            if (unregister)
            {
                space.DropHold();
            }
        }

        // Frames that are mapped still are busy; the next scan comes upon their nodes.
        _ = _stable.TryRemoveAll();
        _index.ForgetUnstable();
        Counters.FullScans = 0;
        return MemoryStatus.Done;
    }
}
