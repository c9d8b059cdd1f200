using System;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <content>madvise and prctl.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Advises about a range. Goes on behind holes and reports them at the end; stops at any other obstacle.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="start">First page.</param>
    /// <param name="end">One past the last page.</param>
    /// <param name="advice">The advice.</param>
    /// <param name="reached">First page of the mapping that it stopped at; <paramref name="end"/> if at none.</param>
    internal MemoryStatus Advise(int cpu, ulong start, ulong end, Advice advice, out ulong reached)
    {
        bool changesVmas = advice is not (Advice.DontNeed or Advice.Free or Advice.Cold or Advice.PageOut
            or Advice.PopulateRead or Advice.PopulateWrite);
        if (changesVmas)
        {
            _latch.EnterWrite();
        }
        else
        {
            _latch.EnterRead();
        }

        MemoryStatus status = MemoryStatus.Done;
        bool hole = false;
        ulong at = start;
        while (at < end && status == MemoryStatus.Done)
        {
            uint id = _tree.At(_tree.Find(at));
            if (id == 0 || VmaAt(id).Start > at)
            {
                hole = true;
                at = id == 0 ? end : Math.Min(end, VmaAt(id).Start);
                status = advice is Advice.PopulateRead or Advice.PopulateWrite ? MemoryStatus.NoMemory : status;
                continue;
            }

            ulong stop = Math.Min(end, VmaAt(id).End);
            status = changesVmas ? AdviseVma(cpu, id, at, stop, advice) : AdvisePages(cpu, VmaAt(id), at, stop, advice);
            at = status == MemoryStatus.Done ? stop : at;
        }

        reached = at;

        if (changesVmas)
        {
            ExitAlone();
        }
        else
        {
            ExitShared();
        }

        return status == MemoryStatus.Done && hole ? MemoryStatus.NoMemory : status;
    }

    /// <summary>Makes every compatible mapping, present and future, a candidate for merging, or takes that back.</summary>
    internal MemoryStatus SetMergeAny(int cpu, bool enabled)
    {
        MemoryStatus status = MemoryStatus.Done;
        _latch.EnterWrite();
        if (enabled && !MergeAny && !TryRegister())
        {
            status = MemoryStatus.OutOfNativeMemory;
        }
        else if (enabled != MergeAny)
        {
            // Nothing changes before every copy that this needs has been made.
            status = enabled ? MemoryStatus.Done : UnshareEverywhere(cpu);
            if (status == MemoryStatus.Done)
            {
                SetMergeableEverywhere(enabled);
                MergeAny = enabled;
            }
        }

        ExitAlone();
        return status;
    }

    /// <summary>Gives every merged page of a range a copy of its own.</summary>
    internal MemoryStatus Unshare(int cpu, ulong start, ulong end)
    {
        _latch.EnterRead();
        MemoryStatus status = UnshareMerged(cpu, start, end);
        ExitShared();
        return status;
    }

    private MemoryStatus AdviseVma(int cpu, uint id, ulong start, ulong end, Advice advice)
    {
        VmaFlags flags = VmaAt(id).Flags;
        switch (advice)
        {
            case Advice.Mergeable:
                if ((flags & (VmaFlags.Mergeable | VmaFlags.Shared)) != VmaFlags.None)
                {
                    return MemoryStatus.Done;
                }

                return TryRegister() ? Modify(ref id, start, end, flags | VmaFlags.Mergeable) : MemoryStatus.OutOfNativeMemory;
            case Advice.Unmergeable:
                if ((flags & VmaFlags.Mergeable) == VmaFlags.None)
                {
                    return MemoryStatus.Done;
                }

                MemoryStatus status = UnshareMerged(cpu, start, end);
                return status == MemoryStatus.Done ? Modify(ref id, start, end, flags & ~VmaFlags.Mergeable) : status;
            case Advice.WipeOnFork when VmaAt(id).Object != 0:
                return MemoryStatus.Invalid;
            default:
                return Modify(ref id, start, end, FlagsAfter(flags, advice));
        }
    }

    private static VmaFlags FlagsAfter(VmaFlags flags, Advice advice) => advice switch
    {
        Advice.Normal => flags & ~(VmaFlags.Random | VmaFlags.Sequential),
        Advice.Random => (flags & ~VmaFlags.Sequential) | VmaFlags.Random,
        Advice.Sequential => (flags & ~VmaFlags.Random) | VmaFlags.Sequential,
        Advice.DontFork => flags | VmaFlags.DontFork,
        Advice.DoFork => flags & ~VmaFlags.DontFork,
        Advice.WipeOnFork => flags | VmaFlags.WipeOnFork,
        Advice.KeepOnFork => flags & ~VmaFlags.WipeOnFork,
        Advice.DontDump => flags | VmaFlags.DontDump,
        Advice.DoDump => flags & ~VmaFlags.DontDump,
        Advice.HugePage => (flags & ~VmaFlags.NoHugePage) | VmaFlags.HugePage,
        Advice.NoHugePage => (flags & ~VmaFlags.HugePage) | VmaFlags.NoHugePage,
        _ => throw new ArgumentOutOfRangeException(nameof(advice), advice, "Not an advice about a VMA."),
    };

    private MemoryStatus AdvisePages(int cpu, in Vma vma, ulong start, ulong end, Advice advice)
    {
        switch (advice)
        {
            case Advice.PopulateRead when !vma.Has(VmaFlags.Read):
                return MemoryStatus.Invalid;
            case Advice.PopulateRead or Advice.PopulateWrite:
                FaultKind kind = advice == Advice.PopulateRead ? FaultKind.Read : FaultKind.Write;
                MemoryStatus status = Populate(cpu, start, end, kind);
                return status == MemoryStatus.NotPermitted ? MemoryStatus.Invalid : status;
            case var _ when vma.Has(VmaFlags.Locked):
            case Advice.Free when vma.Object != 0:
                return MemoryStatus.Invalid;
            case Advice.DontNeed:
                Zap(cpu, start, end);

                // Only of whole blocks: what is left of a page table serves the rest of its block.
                ForgetTables(FirstOfBlock(start + PteLeaf.Length - 1), FirstOfBlock(end));
                return MemoryStatus.Done;
            case Advice.PageOut:
                return MemoryStatus.Done; // By the face: a walk may not begin under the mm lock.
            default:
                Age(cpu, start, end, lazilyFree: advice == Advice.Free);
                return MemoryStatus.Done;
        }
    }

    // As Linux, without a try to merge VMAs that become alike.
    private void SetMergeableEverywhere(bool enabled)
    {
        for (VmaCursor at = _tree.Find(0); at.IsSome; at = _tree.After(at))
        {
            ref Vma vma = ref VmaAt(_tree.At(at));
            bool mergeable = enabled && !vma.Has(VmaFlags.Shared);
            vma.Flags = mergeable ? vma.Flags | VmaFlags.Mergeable : vma.Flags & ~VmaFlags.Mergeable;
        }
    }

    private MemoryStatus UnshareEverywhere(int cpu)
    {
        MemoryStatus status = MemoryStatus.Done;
        for (VmaCursor at = _tree.Find(0); at.IsSome && status == MemoryStatus.Done; at = _tree.After(at))
        {
            ref Vma vma = ref VmaAt(_tree.At(at));
            if (vma.Has(VmaFlags.Mergeable))
            {
                status = UnshareMerged(cpu, vma.Start, vma.End);
            }
        }

        return status;
    }

    private MemoryStatus UnshareMerged(int cpu, ulong start, ulong end)
    {
        MemoryStatus status = MemoryStatus.Done;
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            // Nothing in a huge mapping is merged.
            bool single = _pageTable.KindOf(leaf) == LeafKind.Table;
            for (int i = 0; i < count && single && _pageTable.PopulatedIn(leaf) != 0 && status == MemoryStatus.Done; i++)
            {
                _pageTable.Enter(leaf);
                bool merged = IsMerged(_pageTable.Get(leaf, PageTable.PositionOf(page) + i));
                _pageTable.Exit(leaf);
                status = merged ? FaultCore(cpu, page + (uint)i, FaultKind.Unshare) : status;
            }
        }

        return status;
    }

    // A page that is moving will be merged again when it has arrived, so it counts; whoever needs it otherwise waits for that.
    private bool IsMerged(Pte pte) =>
        (pte.IsPresent || pte.IsMigration) && (pte.IsZeroFrame ? pte.IsDirty : _store.Frames[pte.Frame].Has(FrameFlags.Ksm));

    private bool TryRegister()
    {
        IsRegistered = IsRegistered || _observer.TryRegisterMergeable(this);
        return IsRegistered;
    }
}
