using System;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>madvise and prctl.</content>
internal sealed partial class AddressSpace
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
            EnterAlone(cpu);
        }
        else
        {
            _latch.EnterRead();
        }

        MemoryStatus status = MemoryStatus.Done;
        bool hole = false;
        ulong at = start;

        // As Linux from 6.16 on: one flush for all mappings that MADV_DONTNEED and MADV_FREE come by, one for each with MADV_COLD.
        PageGather gather = advice switch
        {
            Advice.DontNeed => BeginUnmap(cpu),
            Advice.Free or Advice.Cold => new PageGather(this, cpu, FlushSite.Aged),
            _ => default,
        };
        while (at < end && status == MemoryStatus.Done)
        {
            uint id = Vmas.From(at);
            if (id == 0 || Vmas[id].Start > at)
            {
                hole = true;
                at = id == 0 ? end : Math.Min(end, Vmas[id].Start);
                status = advice is Advice.PopulateRead or Advice.PopulateWrite ? MemoryStatus.NoMemory : status;
                continue;
            }

            ulong stop = Math.Min(end, Vmas[id].End);
            status = changesVmas
                ? AdviseVma(cpu, id, at, stop, advice)
                : AdvisePages(cpu, ref gather, Vmas[id], at, stop, advice);
            at = status == MemoryStatus.Done ? stop : at;
            if (advice == Advice.Cold)
            {
                gather.Flush();
            }
        }

        gather.Finish();
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
        EnterAlone(cpu);
        if (enabled != MergeAny)
        {
            // Nothing changes before every copy that this needs has been made.
            status = enabled ? MemoryStatus.Done : PageMerge.BreakAll(this, cpu);
            if (status == MemoryStatus.Done)
            {
                if (enabled)
                {
                    Register();
                }

                Vmas.SetMergeable(enabled);
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
        MemoryStatus status = PageMerge.Unshare(this, cpu, start, end);
        ExitShared();
        return status;
    }

    private MemoryStatus AdviseVma(int cpu, uint id, ulong start, ulong end, Advice advice)
    {
        VmaFlags flags = Vmas[id].Flags;
        switch (advice)
        {
            case Advice.Mergeable:
                if ((flags & (VmaFlags.Mergeable | VmaFlags.Shared)) != VmaFlags.None)
                {
                    return MemoryStatus.Done;
                }

                Register();
                return Vmas.Modify(ref id, start, end, flags | VmaFlags.Mergeable);
            case Advice.Unmergeable:
                if ((flags & VmaFlags.Mergeable) == VmaFlags.None)
                {
                    return MemoryStatus.Done;
                }

                MemoryStatus status = PageMerge.Unshare(this, cpu, start, end);
                return status == MemoryStatus.Done ? Vmas.Modify(ref id, start, end, flags & ~VmaFlags.Mergeable) : status;
            case Advice.WipeOnFork when Vmas[id].Object != 0:
                return MemoryStatus.Invalid;
            default:
                return Vmas.Modify(ref id, start, end, FlagsAfter(flags, advice));
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

    private MemoryStatus AdvisePages(
        int cpu, ref PageGather gather, in Vma vma, ulong start, ulong end, Advice advice)
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
                PageZap.Range(this, ref gather, start, end);

                // Only of whole blocks: what is left of a page table serves the rest of its block.
                PageTables.Forget(this, PageTable.FirstOf(start + PteLeaf.Length - 1), PageTable.FirstOf(end));
                return MemoryStatus.Done;
            case Advice.PageOut:
                return MemoryStatus.Done; // By the face: a walk may not begin under the mm lock.
            default:
                PageAging.Age(this, ref gather, start, end, lazilyFree: advice == Advice.Free);
                return MemoryStatus.Done;
        }
    }
}
