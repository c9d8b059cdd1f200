using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Takes huge pages apart, whoever maps them.</summary>
/// <remarks>
/// Migration entries take the place of all PTEs, of huge mappings after these have been split, so that nobody can come by a
/// reference; then the frames stand for themselves, and get their PTEs back. The caller has the only reference that is not a
/// PTE's. Thread safety: all members may be called concurrently, with no lock held but the merger's and an mm lock, shared.
/// </remarks>
internal sealed class FrameDissolver
{
    private readonly AddressSpaceStore _store;
    private readonly FrameWalker _walker;

    internal FrameDissolver(AddressSpaceStore store, FrameWalker walker)
    {
        _store = store;
        _walker = walker;
    }

    /// <summary>Takes apart the huge page that a frame belongs to.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frame">The frame; the caller has a reference to it, which stays his.</param>
    /// <param name="zeroes">Pages of zeroes that have lost their frame by it.</param>
    /// <returns>False when somebody else has a reference to any of the 512; they are one huge page as before.</returns>
    internal bool TryDissolve(int cpu, Pfn frame, out int zeroes)
    {
        zeroes = 0;
        if (!_store.Frames[frame].Has(FrameFlags.Huge))
        {
            return true;
        }

        Pfn head = PhysicalMemory.HeadOf(frame);
        // What its taker has not made an anonymous page yet may have its flags written plainly.
        if (!_store.Frames[head].Has(FrameFlags.Anonymous) || !_store.Frames[head].TryLock())
        {
            return false;
        }

        bool dissolved = _store.Frames.HugeFrameOf(head).OtherReferences == 1;
        if (dissolved)
        {
            dissolved = TryDissolveLocked(cpu, head, frame, ref zeroes);
        }
        else
        {
            _store.CountBorrowedPageMet();
            _store.Frames[head].Unlock();
        }

        return dissolved;
    }

    private bool TryDissolveLocked(int cpu, Pfn head, Pfn frame, ref int zeroes)
    {
        HugeFrame huge = _store.Frames.HugeFrameOf(head);
        FlushBatch batch = _store.Flushes.TakeBatch(KernelThread.IsOn);
        for (int i = 0; i < Sizes.HugePages; i++)
        {
            // While nothing maps a frame nothing keeps its anon_vma but this.
            ref FrameRecord record = ref huge[i];
            if (_store.AnonVmas.TryHold(record.Mapping))
            {
                Leave leave = new() { Cpu = cpu, Frame = new Pfn(head.Number + (uint)i), Batch = batch };
                _ = _walker.WalkAnonymous(record.Mapping, record.Index, WalkKind.Migrate, tryOnly: false, ref leave);
            }
            else
            {
                record.Mapping = 0;
            }
        }

        // One flush for all of them; a borrower that came by an old translation has counted itself by then.
        batch.Flush(cpu);
        _store.Flushes.ReturnBatch(batch);
        bool dissolved = huge is { WholeMappings: 0, SingleMappings: 0 } && huge.TryFreeze();
        if (dissolved)
        {
            _store.Frames.Dissolve(cpu, frame, each: 1);
        }

        for (int i = 0; i < Sizes.HugePages; i++)
        {
            ref FrameRecord record = ref huge[i];
            uint mapping = record.Mapping;
            Pfn part = new(head.Number + (uint)i);
            if (mapping != 0)
            {
                Arrive arrive = new() { Frame = part, Drops = dissolved && _store.ZeroFrames.ForSplits };
                _ = _walker.WalkAnonymous(mapping, record.Index, WalkKind.Restore, tryOnly: false, ref arrive);
                zeroes += arrive.Zeroes;
                _store.AnonVmas.Drop(mapping);
            }

            if (i == 0)
            {
                _store.OracleSeesEnd();
                record.Unlock();
            }

            if (dissolved)
            {
                _store.Frames.Release(cpu, part);
            }
        }

        return dissolved;
    }

    private struct Leave : IMappingVisitor
    {
        internal required int Cpu;
        internal required Pfn Frame;
        internal required FlushBatch Batch;

        /// <inheritdoc/>
        public readonly bool Visit(AddressSpace space, VmaFlags flags, ulong page)
        {
            MappingActions.BeginMigration(space, Cpu, page, Frame, Batch);
            return true;
        }
    }

    private struct Arrive : IMappingVisitor
    {
        internal required Pfn Frame;
        internal required bool Drops;
        internal int Zeroes;

        // Linux asks the frame as well as the VMA: it is a locked one as soon as a locked VMA maps it again.
        private bool _isLocked;

        /// <inheritdoc/>
        public bool Visit(AddressSpace space, VmaFlags flags, ulong page)
        {
            bool locked = (flags & VmaFlags.Locked) != VmaFlags.None;
            bool isZero = Drops && !_isLocked && !locked && HugeDissolving.IsZeroForGood(space.Store, Frame);
            PteOutcome outcome = MappingActions.EndDissolving(space, page, Frame, isZero);
            Zeroes += isZero && outcome == PteOutcome.Done ? 1 : 0;
            _isLocked |= locked && outcome == PteOutcome.Done;
            return true;
        }
    }
}
