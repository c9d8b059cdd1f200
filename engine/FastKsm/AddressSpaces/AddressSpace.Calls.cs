using System;
using System.Diagnostics;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>System calls, but for accesses and remap.</content>
internal sealed partial class AddressSpace
{
    /// <summary>Maps new memory.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="at">First page, whatever is there being unmapped; null for the highest room there is.</param>
    /// <param name="pages">Number of pages; at least one.</param>
    /// <param name="flags">Access, Shared, NoReserve and advice flags; the others follow from them.</param>
    /// <param name="backed">Whether pages come from a new backing object, as they do in shared memory.</param>
    /// <param name="node">NUMA node that pages should come from; -1 for none.</param>
    /// <param name="start">First page of the mapping.</param>
    internal MemoryStatus Map(int cpu, ulong? at, ulong pages, VmaFlags flags, bool backed, short node, out ulong start)
    {
        EnterAlone(cpu);
        MemoryStatus status = MapCore(cpu, at, pages, flags, backed, node, out start);
        ExitAlone();
        return status;
    }

    /// <summary>Unmaps a range; holes in it do not matter.</summary>
    internal MemoryStatus Unmap(int cpu, ulong start, ulong end)
    {
        EnterAlone(cpu);
        MemoryStatus status = UnmapCore(cpu, start, end, keepLeaves: false);
        ExitAlone();
        return status;
    }

    /// <summary>Changes what a range permits. Stops at the first hole; what lies before it has been changed.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="start">First page.</param>
    /// <param name="end">One past the last page.</param>
    /// <param name="access">Access flags only; none for PROT_NONE.</param>
    internal MemoryStatus Protect(int cpu, ulong start, ulong end, VmaFlags access)
    {
        MemoryStatus status = MemoryStatus.Done;
        EnterAlone(cpu);
        PageGather gather = new(this, cpu, FlushSite.Protected);
        for (ulong at = start; at < end && status == MemoryStatus.Done;)
        {
            uint id = Vmas.Containing(at);
            if (id == 0)
            {
                status = MemoryStatus.NoMemory;
                break;
            }

            ulong stop = Math.Min(end, Vmas[id].End);
            VmaFlags old = Vmas[id].Flags;
            status = Vmas.Modify(ref id, at, stop, PageProtection.FlagsFor(Vmas[id], access));
            if (status == MemoryStatus.Done && Vmas[id].Flags != old)
            {
                PageProtection.Apply(this, ref gather, Vmas[id], at, stop);
                bool gainsWrite = (old & VmaFlags.Write) == VmaFlags.None && Vmas[id].Has(VmaFlags.Write | VmaFlags.Locked);
                if (gainsWrite && !Vmas[id].Has(VmaFlags.Shared))
                {
                    // As Linux, whatever comes of it: locked memory takes its copies now rather than at the first write.
                    _ = Populate(cpu, at, stop, FaultKind.Write);
                }
            }

            at = stop;
        }

        gather.Finish();
        ExitAlone();
        return status;
    }

    /// <summary>Locks a range in memory and faults it in, or unlocks it.</summary>
    /// <returns>NoMemory behind a hole, or where a page cannot be faulted in; what lies before it has been changed.</returns>
    internal MemoryStatus Lock(int cpu, ulong start, ulong end, bool locked)
    {
        MemoryStatus status = MemoryStatus.Done;
        EnterAlone(cpu);
        for (ulong at = start; at < end && status == MemoryStatus.Done;)
        {
            uint id = Vmas.Containing(at);
            if (id == 0)
            {
                status = MemoryStatus.NoMemory;
                break;
            }

            ulong stop = Math.Min(end, Vmas[id].End);
            VmaFlags flags = Vmas[id].Flags & ~VmaFlags.Locked;
            status = Vmas.Modify(ref id, at, stop, locked ? flags | VmaFlags.Locked : flags);
            at = stop;
        }

        if (status == MemoryStatus.Done && locked)
        {
            status = PopulateLocked(cpu, start, end);
        }

        ExitAlone();
        return status;
    }

    /// <summary>Makes an empty address space a copy of this one, frames being shared until written.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="child">
    /// The empty one, which no other thread can see. When this fails, it is part of a copy, and has to go.
    /// </param>
    internal MemoryStatus ForkInto(int cpu, AddressSpace child)
    {
        EnterAlone(cpu);
        child.EnterAlone(cpu);
        child.Translations.InheritBatched(Translations);
        MemoryStatus status = MemoryStatus.Done;
        foreach (uint id in Vmas.After(0))
        {
            if (status == MemoryStatus.Done && !Vmas[id].Has(VmaFlags.DontFork))
            {
                status = PageCopy.CopyVma(this, cpu, id, child);
            }
        }

        // One flush for all that became read-only, and none less where nothing did, as on Linux; no frame has been let go.
        FlushAll(cpu, FlushSite.Forked);
        if (status == MemoryStatus.Done)
        {
            child.MergeAny = MergeAny;
            child.InheritMergerZeroPages(this);

            // As Linux, best effort: a child that cannot be registered is not scanned.
            if (IsRegistered)
            {
                child.Register();
            }
        }

        child.ExitAlone();
        ExitAlone();
        return status;
    }

    /// <summary>What a new program keeps of the address space it replaces: the will to merge.</summary>
    /// <param name="replaced">The address space that is going away.</param>
    internal void Inherit(AddressSpace replaced)
    {
        if (replaced.MergeAny)
        {
            Register();
            MergeAny = true;
        }
    }

    // Unmaps everything. The merger may go on naming the id until it has passed.
    private void Exit(int cpu)
    {
        EnterAlone(cpu);
        IsExiting = true;
        if (IsRegistered)
        {
            Store.Merger!.Exit(this);
        }

        PageGather gather = BeginUnmap(cpu, wholeSpace: true);
        ZapMappings(ref gather, 0, Store.PageLimit);
        PageTables.FreeAll(this, ref gather);
        gather.Finish();
        Vmas.Clear(cpu);
        Store.Spaces.Remove(Id);
        Store.AddZeroPagesMiscounted(_counts.ForgetMergerZero());
        MergeAny = false;
        ExitAlone();
    }

    // Linux copies the parent's count with the rest of the mm, and adds it to the machine's if the parent is registered,
    // whether or not the child gets the VMAs (madvise: dontfork, wipeonfork). What it does not get is never taken off.
    private void InheritMergerZeroPages(AddressSpace parent)
    {
        long copied = _counts.InheritMergerZero(parent._counts);
        long inherited = _counts.MergerZero;
        Store.AddMergerZeroPages(parent.IsRegistered ? inherited - copied : -copied);
        Store.AddZeroPagesMiscounted(parent.IsRegistered ? 0 : -inherited);
    }

    private void Register()
    {
        if (!IsRegistered)
        {
            Store.Merger!.Register(this);
            IsRegistered = true;
        }
    }

    private MemoryStatus MapCore(
        int cpu, ulong? at, ulong pages, VmaFlags flags, bool backed, short node, out ulong start)
    {
        start = at ?? 0;
        if (Vmas.Count > Store.MaxMapCount || (at is null && !Vmas.TryFindRoom(pages, Floor, out start)))
        {
            return MemoryStatus.NoMemory;
        }

        flags = Complete(flags);
        if (MergeAny && (flags & VmaFlags.Shared) == VmaFlags.None)
        {
            Register();
            flags |= VmaFlags.Mergeable;
        }

        // The unmap may change the tree's height by one before the insert.
        if (!Store.TryPromise(out Promise promise, 1, Vmas.NodesForInsert + 2, 2 + Vmas.LinksAround(start, start + pages)))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        MemoryStatus status = at is null ? MemoryStatus.Done : UnmapCore(cpu, start, start + pages, keepLeaves: false);
        if (status == MemoryStatus.Done)
        {
            Region region = new()
            {
                Start = start,
                End = start + pages,
                PageOffset = backed ? 0 : start,
                Flags = flags,
                Object = backed ? Store.NewObject() : 0,
                Node = node,
            };
            _ = Vmas.Place(region, ref promise);
        }

        Store.Cancel(ref promise);
        return status;
    }

    private static VmaFlags Complete(VmaFlags flags)
    {
        const VmaFlags Private = VmaFlags.Write;
        const VmaFlags Decisive = VmaFlags.Write | VmaFlags.Shared | VmaFlags.NoReserve;
        return (flags & Decisive) == Private ? flags | VmaFlags.Account : flags;
    }

    private MemoryStatus UnmapCore(int cpu, ulong start, ulong end, bool keepLeaves)
    {
        Debug.Assert(_latch.IsHeldForWriting, "VMAs change under the mm lock held alone.");
        uint first = Vmas.From(start);
        if (first == 0 || Vmas[first].Start >= end)
        {
            return MemoryStatus.Done;
        }

        if (Vmas[first].Start < start && Vmas[first].End > end && Vmas.Count >= Store.MaxMapCount)
        {
            return MemoryStatus.NoMemory;
        }

        uint last = Vmas.Containing(end - 1);
        uint links = Store.AnonVmas.LengthOf(Vmas[first].Chain);
        links += last == 0 ? 0 : Store.AnonVmas.LengthOf(Vmas[last].Chain);
        if (!Store.TryPromise(out Promise promise, 2, 2 * (Vmas.NodesForInsert + 1), 2 * links))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        UnmapPromised(cpu, first, last, start, end, keepLeaves, ref promise);
        Store.Cancel(ref promise);
        return MemoryStatus.Done;
    }

    // The half of an unmap that cannot fail. First and last are the VMAs at the edges; last is 0 if the end is free.
    private void UnmapPromised(
        int cpu, uint first, uint last, ulong start, ulong end, bool keepLeaves, ref Promise promise)
    {
        Vmas.SplitAround(first, last, start, end, ref promise);
        PageGather gather = BeginUnmap(cpu);
        ZapMappings(ref gather, start, end);
        Vmas.DropRange(cpu, start, end);
        PageTables.FreeLeft(this, ref gather, start, end, keepLeaves);
        gather.Finish();
    }

    // Mapping by mapping: the dirty pages of a file take a flush at the end of a page table or of a mapping, whichever comes first.
    private void ZapMappings(ref PageGather gather, ulong start, ulong end)
    {
        foreach (uint id in Vmas.After(start))
        {
            ref Vma vma = ref Vmas[id];
            if (vma.Start >= end)
            {
                break;
            }

            PageZap.Range(this, ref gather, Math.Max(start, vma.Start), Math.Min(end, vma.End));
        }
    }

    private PageGather BeginUnmap(int cpu, bool wholeSpace = false) => new(this, cpu, FlushSite.Unmapped, wholeSpace);

    // Faults every page of a range in. Under the mm lock.
    private MemoryStatus Populate(int cpu, ulong start, ulong end, FaultKind kind)
    {
        MemoryStatus status = MemoryStatus.Done;
        for (ulong page = start; page < end && status == MemoryStatus.Done; page++)
        {
            status = PageFault.Handle(this, cpu, page, kind, out _);
        }

        return status;
    }

    // Private writable memory is faulted for writing, the rest for reading.
    private MemoryStatus PopulateLocked(int cpu, ulong start, ulong end)
    {
        MemoryStatus status = MemoryStatus.Done;
        for (ulong at = start; at < end && status == MemoryStatus.Done;)
        {
            uint id = Vmas.Containing(at);
            if (id == 0)
            {
                return MemoryStatus.NoMemory;
            }

            ref Vma vma = ref Vmas[id];
            ulong stop = Math.Min(end, vma.End);
            bool writes = vma.Has(VmaFlags.Write) && !vma.Has(VmaFlags.Shared);
            status = Populate(cpu, at, stop, writes ? FaultKind.Write : FaultKind.Read);
            at = stop;
        }

        return status is MemoryStatus.NotMapped or MemoryStatus.NotPermitted ? MemoryStatus.NoMemory : status;
    }
}
