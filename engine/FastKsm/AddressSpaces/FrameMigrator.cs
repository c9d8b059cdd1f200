using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;

namespace FastKsm.AddressSpaces;

/// <summary>Moves the content of a frame to another one, whoever maps it.</summary>
/// <remarks>
/// Linux's protocol: lock the frame; put a migration entry in the place of every PTE; if nobody else has a reference then,
/// copy, hand anon_vma and index or the stable node over, and map the new frame where the entries are, else the old one.
/// A fault on an entry waits, so no access sees the page in between.
/// Thread safety: all members may be called concurrently, with no lock held but the merger's mutex.
/// </remarks>
internal sealed class FrameMigrator
{
    private readonly AddressSpaceStore _store;
    private readonly FrameWalker _walker;
    private readonly IMergedFrames _merged;
    private readonly FrameDissolver _dissolver;

    internal FrameMigrator(AddressSpaceStore store, FrameWalker walker, IMergedFrames merged, FrameDissolver dissolver)
    {
        _store = store;
        _walker = walker;
        _merged = merged;
        _dissolver = dissolver;
    }

    /// <summary>Moves a frame.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frame">An anonymous frame, merged or not, that the caller has a reference to.</param>
    /// <param name="node">Node of the new frame; -1 for the CPU's.</param>
    /// <param name="to">The new frame, in which the caller now has its reference; <paramref name="frame"/> if nothing was moved.</param>
    /// <returns>
    /// Busy when somebody else works on the frame or has borrowed it, or it is not anonymous; out of frames when no frame is
    /// free: nothing has changed then.
    /// </returns>
    internal MemoryStatus TryMigrate(int cpu, Pfn frame, int node, out Pfn to)
    {
        to = frame;
        if (!_dissolver.TryDissolve(cpu, frame, out _))
        {
            return MemoryStatus.Busy;
        }

        ref FrameRecord record = ref _store.Frames[frame];
        MemoryStatus status = MemoryStatus.Busy;

        // What its taker has not made an anonymous page yet may have its flags written plainly.
        if (record.Has(FrameFlags.Anonymous) && record.TryLock())
        {
            if (record.Has(FrameFlags.Anonymous) && record.References == record.MapCount + 1)
            {
                // A merged frame's pages stay listed from the first walk to the last. The merger only tries frame locks, so
                // waiting here, where it changes the list, cannot last for ever.
                bool merged = record.Has(FrameFlags.Ksm);
                uint list = 0;
                _ = merged && _merged.TryEnter(frame, tryOnly: false, out list);
                status = MigrateLocked(cpu, frame, list, node, ref to);
                _merged.Exit(list);
            }

            _store.OracleSeesEnd();
            record.Unlock();
        }

        if (status == MemoryStatus.Done)
        {
            _store.Frames.Release(cpu, frame);
        }

        return status;
    }

    private MemoryStatus MigrateLocked(int cpu, Pfn frame, uint list, int node, ref Pfn to)
    {
        MemoryStatus status = _store.Frames.TakeZeroed(cpu, node, out Pfn fresh);
        if (status != MemoryStatus.Done)
        {
            return status;
        }

        ref FrameRecord old = ref _store.Frames[frame];
        ref FrameRecord record = ref _store.Frames[fresh];
        bool merged = old.Has(FrameFlags.Ksm);
        (uint mapping, ulong index) = (old.Mapping, old.Index);

        // While nothing maps the frame nothing keeps its anon_vma but this.
        bool held = merged || _store.AnonVmas.TryHold(mapping);
        Leave leave = new() { Store = _store, Cpu = cpu, Frame = frame };
        _ = merged ? _walker.WalkMerged(list, WalkKind.Migrate, tryOnly: false, ref leave)
            : held ? _walker.WalkAnonymous(mapping, index, WalkKind.Migrate, tryOnly: false, ref leave)
            : WalkEnd.Complete;

        // The merger may find the frame by its node at any time. From here on it gets no reference to it before its node has
        // another frame, which it then finds (StableTree.TryBorrow).
        bool moves = held && old.MapCount == 0 && old.TryFreeze();
        if (moves)
        {
            _store.OracleSeesTrust(frame);
            _store.Frames.Content(frame).CopyTo(_store.Frames.Content(fresh));
            record.Become((old.Flags & ~FrameFlags.Exclusive) | FrameFlags.Locked, mapping, index);
            if (merged)
            {
                _merged.Moved(frame, fresh);
            }

            old.Thaw();
            to = fresh;
        }

        Arrive arrive = new() { From = frame, To = to };
        if (merged)
        {
            _ = _walker.WalkMerged(list, WalkKind.Restore, tryOnly: false, ref arrive);
        }
        else if (held)
        {
            _ = _walker.WalkAnonymous(mapping, index, WalkKind.Restore, tryOnly: false, ref arrive);
            _store.AnonVmas.Drop(mapping);
        }

        if (moves)
        {
            record.Unlock();
            return MemoryStatus.Done;
        }

        _store.Frames.Release(cpu, fresh);
        return MemoryStatus.Busy;
    }

    private struct Leave : IMappingVisitor
    {
        internal required AddressSpaceStore Store;
        internal required int Cpu;
        internal required Pfn Frame;

        /// <inheritdoc/>
        public readonly bool Visit(AddressSpace space, VmaFlags flags, ulong page)
        {
            // A page that is lent stays, and with it the frame; what has been unmapped is mapped again afterwards.
            PteOutcome outcome = MappingActions.BeginMigration(space, Cpu, page, Frame, held: 1);
            return outcome != PteOutcome.Refused && Store.Frames[Frame].MapCount != 0;
        }
    }

    private struct Arrive : IMappingVisitor
    {
        internal required Pfn From;
        internal required Pfn To;

        /// <inheritdoc/>
        public readonly bool Visit(AddressSpace space, VmaFlags flags, ulong page)
        {
            _ = MappingActions.EndMigration(space, page, From, To);
            return true;
        }
    }
}
