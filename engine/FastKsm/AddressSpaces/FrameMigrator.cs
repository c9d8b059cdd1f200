using System;
using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Moves the content of a frame to another one, whoever maps it.</summary>
/// <remarks>
/// Linux's protocol: lock the frame; put a migration entry in the place of every PTE; if nobody else has a reference
/// then, copy, hand anon_vma and index or the stable node over, and map the new frame where the entries are, else the
/// old one. A fault on an entry waits, so no access sees the page in between. Thread safety: all members may be called
/// concurrently, with no lock held but the merger's mutex.
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

    /// <summary>Frames that may move behind one flush (NR_MAX_BATCHED_MIGRATION).</summary>
    internal const int MostAtOnce = 512;

    /// <summary>
    /// Takes the huge page apart that a frame belongs to, which must be done before a second frame of it is borrowed.
    /// </summary>
    /// <returns>False when it cannot be: the frame stays.</returns>
    internal bool TryTakeApart(int cpu, Pfn frame) => _dissolver.TryDissolve(cpu, frame, out _);

    /// <summary>Moves a frame.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frame">An anonymous frame, merged or not, that the caller has a reference to.</param>
    /// <param name="node">Node of the new frame; -1 for the CPU's.</param>
    /// <param name="to">
    /// The new frame, in which the caller now has its reference; <paramref name="frame"/> if nothing was moved.
    /// </param>
    /// <returns>
    /// Busy when another thread works on the frame or has borrowed it, or it is not anonymous; out of frames when no
    /// frame is free: nothing has changed then.
    /// </returns>
    internal MemoryStatus TryMigrate(int cpu, Pfn frame, int node, out Pfn to)
    {
        FlushBatch batch = _store.Flushes.TakeBatch(KernelThread.IsOn);
        MemoryStatus status = TryMigrate(cpu, frame, node, batch, out to);
        _store.Flushes.ReturnBatch(batch);
        return status;
    }

    /// <summary>
    /// Moves several frames behind one flush, as far as CPUs other than the acting one may hold translations.
    /// </summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frames">
    /// Frames that the caller has a reference to, each once; merged ones move one by one behind the others. Afterwards
    /// each is the frame in which the caller has it.
    /// </param>
    /// <param name="node">Node of the new frames; -1 for the CPU's.</param>
    /// <param name="left">Receives which of them were busy; as long as <paramref name="frames"/>.</param>
    /// <param name="moved">Number of frames that have moved.</param>
    /// <returns>Out of frames when there were not enough; the others have moved or are busy.</returns>
    internal MemoryStatus MigrateAll(int cpu, Span<Pfn> frames, int node, Span<bool> left, out int moved)
    {
        Debug.Assert(frames.Length <= MostAtOnce, "More than one flush may cover.");
        moved = 0;
        left.Clear();
        MemoryStatus ended = MemoryStatus.Done;
        FlushBatch batch = _store.Flushes.TakeBatch(KernelThread.IsOn);
        Span<FrameMove> moves = stackalloc FrameMove[frames.Length];
        for (int i = 0; i < frames.Length && ended == MemoryStatus.Done; i++)
        {
            // The list of a merged frame's pages is held from the first walk to the last, and no thread holds two: they
            // come later.
            moves[i].IsMerged = _store.Frames[frames[i]].Has(FrameFlags.Ksm);
            if (moves[i].IsMerged)
            {
                continue;
            }

            moves[i].From = frames[i];
            MemoryStatus status = TryBegin(cpu, node, ref moves[i], batch, mayBeMerged: false);
            ended = status == MemoryStatus.OutOfFrames ? status : ended;
            left[i] = status == MemoryStatus.Busy;
            moves[i].From = status == MemoryStatus.Done ? frames[i] : Pfn.None;
        }

        // One flush, before the first byte is copied.
        batch.Flush(cpu);
        _store.Flushes.ReturnBatch(batch);
        for (int i = 0; i < frames.Length; i++)
        {
            if (moves[i].From.IsSome)
            {
                left[i] = !TryFinish(cpu, ref moves[i]);
                moved += left[i] ? 0 : 1;
                frames[i] = moves[i].To;
            }
        }

        for (int i = 0; i < frames.Length && ended == MemoryStatus.Done; i++)
        {
            if (moves[i].IsMerged && !moves[i].From.IsSome)
            {
                MemoryStatus status = TryMigrate(cpu, frames[i], node, out frames[i]);
                moved += status == MemoryStatus.Done ? 1 : 0;
                left[i] = status == MemoryStatus.Busy;
                ended = status == MemoryStatus.OutOfFrames ? status : ended;
            }
        }

        return ended;
    }

    /// <summary>
    /// Tries those again that were busy, one at a time, each mapping behind a flush of its own, as Linux does.
    /// </summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frames">What <see cref="MigrateAll"/> has left behind.</param>
    /// <param name="node">Node of the new frames; -1 for the CPU's.</param>
    /// <param name="left">Which of them were busy.</param>
    /// <returns>Number of frames that have moved.</returns>
    internal int MigrateLeft(int cpu, Span<Pfn> frames, int node, ReadOnlySpan<bool> left)
    {
        int moved = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            // One that finds no frame to go to is as busy as it was.
            moved += left[i] && TryMigrate(cpu, frames[i], node, batch: null, out frames[i]) == MemoryStatus.Done ? 1 : 0;
        }

        return moved;
    }

    private MemoryStatus TryMigrate(int cpu, Pfn frame, int node, FlushBatch? batch, out Pfn to)
    {
        FrameMove move = new() { From = frame };
        to = frame;
        MemoryStatus status = TryBegin(cpu, node, ref move, batch, mayBeMerged: true);
        if (status == MemoryStatus.Done)
        {
            batch?.Flush(cpu);
            status = TryFinish(cpu, ref move) ? MemoryStatus.Done : MemoryStatus.Busy;
            to = move.To;
        }

        return status;
    }

    // Done: the frame is locked, and migration entries are in the place of its mappings, as far as they could be.
    private MemoryStatus TryBegin(int cpu, int node, ref FrameMove move, FlushBatch? batch, bool mayBeMerged)
    {
        Pfn frame = move.From;
        if (!_dissolver.TryDissolve(cpu, frame, out _))
        {
            return MemoryStatus.Busy;
        }

        // What its taker has not made an anonymous page yet may have its flags written plainly.
        ref FrameRecord record = ref _store.Frames[frame];
        if (!record.Has(FrameFlags.Anonymous) || !record.TryLock())
        {
            return MemoryStatus.Busy;
        }

        // Locked, it stays merged or not.
        move.IsMerged = record.Has(FrameFlags.Ksm);
        MemoryStatus status = MemoryStatus.Busy;
        if (record.Has(FrameFlags.Anonymous) && record.References == record.MapCount + 1 && (mayBeMerged || !move.IsMerged))
        {
            status = _store.Frames.TakeZeroed(cpu, node, out move.To);
        }

        if (status != MemoryStatus.Done)
        {
            record.Unlock();
            return status;
        }

        // A merged frame's pages stay listed from the first walk to the last. The merger only tries frame locks, so
        // waiting here, where it changes the list, cannot last for ever.
        _ = move.IsMerged && _merged.TryEnter(frame, tryOnly: false, out move.List);
        (move.Mapping, move.Index) = (record.Mapping, record.Index);

        // While nothing maps the frame nothing keeps its anon_vma but this.
        move.IsHeld = move.IsMerged || _store.AnonVmas.TryHold(move.Mapping);
        if (move.IsHeld)
        {
            Leave leave = new() { Store = _store, Cpu = cpu, Frame = frame, Batch = batch };
            _ = move.IsMerged
                ? _walker.WalkMerged(move.List, WalkKind.Migrate, tryOnly: false, ref leave)
                : _walker.WalkAnonymous(move.Mapping, move.Index, WalkKind.Migrate, tryOnly: false, ref leave);
        }

        return status;
    }

    // Behind the flush. Whether it has moved; the frame that is not needed is given back.
    private bool TryFinish(int cpu, ref FrameMove move)
    {
        ref FrameRecord old = ref _store.Frames[move.From];
        ref FrameRecord record = ref _store.Frames[move.To];
        Pfn fresh = move.To;

        // The merger may find the frame by its node at any time. From here on it gets no reference to it before its
        // node has another frame, which it then finds (StableTree.TryBorrow). A borrower has counted itself by now, for
        // the flush has come.
        bool moves = move.IsHeld && old.MapCount == 0 && old.TryFreeze();
        if (moves)
        {
            _store.OracleSeesTrust(move.From);
            _store.Frames.Content(move.From).CopyTo(_store.Frames.Content(fresh));
            record.Become((old.Flags & ~FrameFlags.Exclusive) | FrameFlags.Locked, move.Mapping, move.Index);
            if (move.IsMerged)
            {
                _merged.Moved(move.From, fresh);
            }

            old.Thaw();
        }

        move.To = moves ? fresh : move.From;
        Arrive arrive = new() { From = move.From, To = move.To };
        if (move.IsMerged)
        {
            _ = _walker.WalkMerged(move.List, WalkKind.Restore, tryOnly: false, ref arrive);
            _merged.Exit(move.List);
        }
        else if (move.IsHeld)
        {
            _ = _walker.WalkAnonymous(move.Mapping, move.Index, WalkKind.Restore, tryOnly: false, ref arrive);
            _store.AnonVmas.Drop(move.Mapping);
        }

        if (moves)
        {
            record.Unlock();
        }
        else
        {
            _store.Frames.Release(cpu, fresh);
        }

        _store.OracleSeesEnd();
        old.Unlock();
        if (moves)
        {
            _store.Frames.Release(cpu, move.From);
        }

        return moves;
    }

    private struct Leave : IMappingVisitor
    {
        internal required AddressSpaceStore Store;
        internal required int Cpu;
        internal required Pfn Frame;
        internal required FlushBatch? Batch;

        /// <inheritdoc/>
        public readonly bool Visit(AddressSpace space, VmaFlags flags, ulong page)
        {
            MappingActions.BeginMigration(space, Cpu, page, Frame, Batch);
            return Store.Frames[Frame].MapCount != 0;
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
