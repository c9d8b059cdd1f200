using System;
using System.Diagnostics;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>mprotect, mlock and populating.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Changes what a range permits. Stops at the first hole; what lies before it has been changed.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="start">First page.</param>
    /// <param name="end">One past the last page.</param>
    /// <param name="access">Access flags only; none for PROT_NONE.</param>
    internal MemoryStatus Protect(int cpu, ulong start, ulong end, VmaFlags access)
    {
        MemoryStatus status = MemoryStatus.Done;
        _latch.EnterWrite();
        for (ulong at = start; at < end && status == MemoryStatus.Done;)
        {
            uint id = FindContaining(at);
            if (id == 0)
            {
                status = MemoryStatus.NoMemory;
                break;
            }

            ulong stop = Math.Min(end, VmaAt(id).End);
            VmaFlags old = VmaAt(id).Flags;
            status = Modify(ref id, at, stop, Reprotect(VmaAt(id), access));
            if (status == MemoryStatus.Done && VmaAt(id).Flags != old)
            {
                RewriteProtection(VmaAt(id), at, stop);
                bool gainsWrite = (old & VmaFlags.Write) == VmaFlags.None && VmaAt(id).Has(VmaFlags.Write | VmaFlags.Locked);
                if (gainsWrite && !VmaAt(id).Has(VmaFlags.Shared))
                {
                    // As Linux, whatever comes of it: locked memory takes its copies now rather than at the first write.
                    _ = Populate(cpu, at, stop, FaultKind.Write);
                }
            }

            at = stop;
        }

        ExitAlone();
        return status;
    }

    /// <summary>Locks a range in memory and faults it in, or unlocks it.</summary>
    /// <returns>NoMemory behind a hole, or where a page cannot be faulted in; what lies before it has been changed.</returns>
    internal MemoryStatus Lock(int cpu, ulong start, ulong end, bool locked)
    {
        MemoryStatus status = MemoryStatus.Done;
        _latch.EnterWrite();
        for (ulong at = start; at < end && status == MemoryStatus.Done;)
        {
            uint id = FindContaining(at);
            if (id == 0)
            {
                status = MemoryStatus.NoMemory;
                break;
            }

            ulong stop = Math.Min(end, VmaAt(id).End);
            VmaFlags flags = VmaAt(id).Flags & ~VmaFlags.Locked;
            status = Modify(ref id, at, stop, locked ? flags | VmaFlags.Locked : flags);
            at = stop;
        }

        if (status == MemoryStatus.Done && locked)
        {
            status = PopulateLocked(cpu, start, end);
        }

        ExitAlone();
        return status;
    }

    private static VmaFlags Reprotect(in Vma vma, VmaFlags access)
    {
        VmaFlags flags = (vma.Flags & ~VmaFlags.Access) | access;
        if ((access & VmaFlags.Write) != VmaFlags.None)
        {
            const VmaFlags Settled = VmaFlags.Account | VmaFlags.Write | VmaFlags.Shared | VmaFlags.NoReserve;
            return (vma.Flags & Settled) == VmaFlags.None ? flags | VmaFlags.Account : flags;
        }

        // What was never written need not stay accounted for.
        return vma.AnonVma == 0 && vma.Object == 0 ? flags & ~VmaFlags.Account : flags;
    }

    // Every present PTE of a range of one VMA gets what the VMA permits now.
    private void RewriteProtection(in Vma vma, ulong start, ulong end)
    {
        bool accessible = (vma.Flags & VmaFlags.Access) != VmaFlags.None;
        bool mayWrite = vma.Has(VmaFlags.Write);
        bool shared = vma.Has(VmaFlags.Shared);
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            bool killed = false;
            int position = PageTable.PositionOf(page);
            _pageTable.Enter(leaf);
            if (_pageTable.KindOf(leaf) == LeafKind.Huge)
            {
                Debug.Assert(count == PteLeaf.Length, "No edge of a VMA cuts a huge mapping.");
                Pte entry = _pageTable.GetWhole(leaf);
                _pageTable.SetWhole(leaf, entry.WithAccessible(accessible).WithWritable(mayWrite && IsExclusive(entry)));
                killed = !accessible || !mayWrite;
            }

            for (int i = 0; i < count && _pageTable.KindOf(leaf) == LeafKind.Table && _pageTable.PopulatedIn(leaf) != 0; i++)
            {
                Pte pte = _pageTable.Get(leaf, position + i);
                if (pte.IsPresent)
                {
                    // A page that others may map keeps its first write for the fault that copies it.
                    bool writable = mayWrite && (shared || IsExclusive(pte));
                    killed |= (pte.IsAccessible && !accessible) || (pte.IsWritable && !writable);
                    _pageTable.Set(leaf, position + i, pte.WithAccessible(accessible).WithWritable(writable));
                }
                else if (pte.IsMigration)
                {
                    _pageTable.Set(leaf, position + i, pte.WhenReprotected(accessible));
                }
            }

            _pageTable.Exit(leaf);
            if (killed)
            {
                Flush(FlushSite.Protected, page, (uint)count);
            }
        }
    }

    // Faults every page of a range in. Under the mm lock.
    private MemoryStatus Populate(int cpu, ulong start, ulong end, FaultKind kind)
    {
        MemoryStatus status = MemoryStatus.Done;
        for (ulong page = start; page < end && status == MemoryStatus.Done; page++)
        {
            status = FaultCore(cpu, page, kind);
        }

        return status;
    }

    // Private writable memory is faulted for writing, the rest for reading.
    private MemoryStatus PopulateLocked(int cpu, ulong start, ulong end)
    {
        MemoryStatus status = MemoryStatus.Done;
        for (ulong at = start; at < end && status == MemoryStatus.Done;)
        {
            uint id = FindContaining(at);
            if (id == 0)
            {
                return MemoryStatus.NoMemory;
            }

            ref Vma vma = ref VmaAt(id);
            ulong stop = Math.Min(end, vma.End);
            bool writes = vma.Has(VmaFlags.Write) && !vma.Has(VmaFlags.Shared);
            status = Populate(cpu, at, stop, writes ? FaultKind.Write : FaultKind.Read);
            at = stop;
        }

        return status is MemoryStatus.NotMapped or MemoryStatus.NotPermitted ? MemoryStatus.NoMemory : status;
    }
}
