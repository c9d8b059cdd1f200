using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>Page faults: zero page, first touch, copy on write with Linux's reuse rules.</content>
internal sealed partial class AddressSpace<TObserver>
{
    // Makes a page usable for an access, or says why it cannot be. Under the mm lock, shared or alone.
    private MemoryStatus FaultCore(int cpu, ulong page, FaultKind kind) => FaultCore(cpu, page, kind, out _);

    private MemoryStatus FaultCore(int cpu, ulong page, FaultKind kind, out Fault fault)
    {
        fault = Fault.None;
        Debug.Assert(_latch.IsHeld, "Faults run under the mm lock.");
        uint id = FindContaining(page);
        if (id == 0)
        {
            return MemoryStatus.NotMapped;
        }

        ref Vma vma = ref VmaAt(id);
        bool permitted = kind switch
        {
            FaultKind.Read => (vma.Flags & VmaFlags.Access) != VmaFlags.None,
            FaultKind.Write => vma.Has(VmaFlags.Write),
            FaultKind.ForcedWrite => vma.Has(VmaFlags.Write) || !vma.Has(VmaFlags.Shared),
            _ => true,
        };
        if (!permitted)
        {
            return MemoryStatus.NotPermitted;
        }

        // Before the latch of the leaf: the anon_vma table lies outside it.
        bool mayCopy = (kind != FaultKind.Read || TakesFrameToRead(vma)) && !vma.Has(VmaFlags.Shared);
        bool wantsHuge = kind != FaultKind.Unshare && WantsHuge(vma, page);
        if ((mayCopy || wantsHuge) && Volatile.Read(ref vma.AnonVma) == 0 && !TryPrepareAnonVma(id, ref vma))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        if (!_pageTable.TryFindOrAdd(page, out uint leaf))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        int position = PageTable.PositionOf(page);
        _pageTable.Enter(leaf);
        Pte pte = _pageTable.Get(leaf, position);
        SpinWait spinner = default;
        while (pte.IsMigration)
        {
            // Whoever moves the page needs neither the mm lock nor, for ever, this latch.
            _pageTable.Exit(leaf);
            spinner.SpinOnce();
            _pageTable.Enter(leaf);
            pte = _pageTable.Get(leaf, position);
        }

        bool served = _pageTable.KindOf(leaf) switch
        {
            LeafKind.Huge => TryFaultHuge(cpu, ref vma, page, leaf, kind),
            LeafKind.None => wantsHuge && TryMapHuge(cpu, ref vma, page, leaf, kind),
            _ => false,
        };
        if (served)
        {
            _pageTable.Exit(leaf);
            fault = Fault.Huge;
            return MemoryStatus.Done;
        }

        Pte entry = _pageTable.Get(leaf, position);
        pte = entry;
        MemoryStatus status = MemoryStatus.Done;
        if (entry.IsSwap)
        {
            status = SwapIn(cpu, ref vma, page, leaf, entry, dirty: kind is FaultKind.Write or FaultKind.ForcedWrite);
            pte = _pageTable.Get(leaf, position);
        }

        if (status == MemoryStatus.Done)
        {
            bool cameBack = entry.IsSwap;
            status = pte.IsEmpty
                ? FaultEmpty(cpu, ref vma, page, leaf, kind, out fault)
                : FaultPresent(cpu, ref vma, page, leaf, kind, pte, out fault);
            fault = cameBack ? Fault.SwappedIn : fault;
        }

        _pageTable.Exit(leaf);
        return status;
    }

    // Whether a read of an untouched page of a VMA makes it a page of its own.
    private bool TakesFrameToRead(in Vma vma) => !_store.ZeroFrames.ForReads && vma.Object == 0;

    // Brings a paged-out page back, as this address space's own: nobody shares a frame with it, so it may be written at once.
    private MemoryStatus SwapIn(int cpu, ref Vma vma, ulong page, uint leaf, Pte entry, bool dirty)
    {
        MemoryStatus status = _store.Frames.TakeWith(cpu, vma.Node, _store.Swap.Content(entry.Entry.Offset), out Pfn frame);
        if (status == MemoryStatus.Done)
        {
            MapOwn(ref vma, page, leaf, frame, writable: true, dirty);
            ZapEntry(entry);
        }

        return status;
    }

    private MemoryStatus FaultEmpty(int cpu, ref Vma vma, ulong page, uint leaf, FaultKind kind, out Fault fault)
    {
        fault = Fault.None;
        if (kind == FaultKind.Unshare)
        {
            return MemoryStatus.Done;
        }

        Pfn frame;
        MemoryStatus status;
        if (vma.Object == 0)
        {
            if (kind == FaultKind.Read && _store.ZeroFrames.ForReads)
            {
                _pageTable.Set(
                    leaf, PageTable.PositionOf(page), Pte.MapZero(_store.Frames.ZeroFrameOf(page), accessible: true).WithAccessed(true));
                fault = Fault.ZeroFrame;
                return MemoryStatus.Done;
            }

            status = _store.Frames.TakeZeroed(cpu, vma.Node, out frame);
            if (status == MemoryStatus.Done)
            {
                // A debugger's write into a mapping that permits none leaves a clean PTE, as on Linux. So does a read that takes
                // a frame; where the mapping permits writing, such a read leaves a dirty and writable one.
                MapOwn(ref vma, page, leaf, frame, writable: true, dirty: vma.Has(VmaFlags.Write));
                fault = Fault.NewFrame;
            }

            return status;
        }

        ulong index = vma.IndexOf(page);
        status = _store.ObjectAt(vma.Object).FindOrAdd(cpu, vma.Node, index, out Pfn backing);
        if (status != MemoryStatus.Done)
        {
            return status;
        }

        if (kind == FaultKind.Read || vma.Has(VmaFlags.Shared))
        {
            _store.Frames.AddMapping(backing, Id);
            CountResident(_store.Frames[backing], 1);
            bool writable = vma.Has(VmaFlags.Shared | VmaFlags.Write);
            bool accessible = (vma.Flags & VmaFlags.Access) != VmaFlags.None;
            _pageTable.Set(
                leaf, PageTable.PositionOf(page), Pte.Map(backing, accessible).WithWritable(writable).WithAccessed(true));
            fault = Fault.Backed;
            return MemoryStatus.Done;
        }

        status = _store.Frames.TakeCopy(cpu, vma.Node, backing, out frame);
        if (status == MemoryStatus.Done)
        {
            fault = Fault.Copied;
            MapOwn(ref vma, page, leaf, frame, writable: true, dirty: true);
        }

        return status;
    }

    private MemoryStatus FaultPresent(int cpu, ref Vma vma, ulong page, uint leaf, FaultKind kind, Pte pte, out Fault fault)
    {
        fault = Fault.None;
        bool writes = kind is FaultKind.Write or FaultKind.ForcedWrite;
        if (kind == FaultKind.Read || (writes && pte.IsWritable))
        {
            return MemoryStatus.Done;
        }

        if (vma.Has(VmaFlags.Shared))
        {
            if (writes)
            {
                _pageTable.Set(leaf, PageTable.PositionOf(page), pte.WithWritable(true));
                fault = Fault.Reused;
            }

            return MemoryStatus.Done;
        }

        ref FrameRecord frame = ref _store.Frames[pte.Frame];
        if (CanReuse(ref frame, vma, pte))
        {
            bool writable = writes && vma.Has(VmaFlags.Write);
            _pageTable.Set(leaf, PageTable.PositionOf(page), pte.WithWritable(writable || pte.IsWritable).WithDirty(writes || pte.IsDirty));
            fault = Fault.Reused;
            return MemoryStatus.Done;
        }

        // Unsharing concerns pages that others may share; a page of a file, or the plain zero page, has no owner to lose.
        if (kind == FaultKind.Unshare && !frame.Has(FrameFlags.Anonymous) && !(pte.IsZeroFrame && pte.IsDirty))
        {
            return MemoryStatus.Done;
        }

        MemoryStatus status = CopyOnWrite(cpu, ref vma, page, leaf, pte, writes);
        fault = status == MemoryStatus.Done ? Fault.Copied : Fault.None;
        return status;
    }

    // Whether the frame may go on serving this PTE alone. Makes it exclusive if so.
    private bool CanReuse(ref FrameRecord frame, in Vma vma, Pte pte)
    {
        if (frame.Has(FrameFlags.Anonymous | FrameFlags.Exclusive))
        {
            return true;
        }

        // A merged frame is copied even for its last mapper: its stable node holds no reference, so one reference proves
        // nothing. For any other frame the one reference is that of this PTE, whose latch is held.
        bool huge = frame.Has(FrameFlags.Huge);
        if (!frame.Has(FrameFlags.Anonymous) || frame.Has(FrameFlags.Ksm) || (huge ? !_store.Frames.HugeFrameOf(pte.Frame).IsMappedByOne : frame.References != 1))
        {
            return false;
        }

        frame.Mapping = vma.AnonVma;
        frame.Set(FrameFlags.Exclusive);
        return true;
    }

    private MemoryStatus CopyOnWrite(int cpu, ref Vma vma, ulong page, uint leaf, Pte pte, bool writes)
    {
        if (_store.Frames[pte.Frame].Has(FrameFlags.Anonymous))
        {
            _store.OracleSeesTrust(pte.Frame);
        }

        Pfn copy;
        MemoryStatus status = pte.IsZeroFrame
            ? _store.Frames.TakeZeroed(cpu, vma.Node, out copy)
            : _store.Frames.TakeCopy(cpu, vma.Node, pte.Frame, out copy);
        if (status != MemoryStatus.Done)
        {
            return status;
        }

        // The old translation dies before the new frame shows, and the old frame's count falls last: were it to fall
        // first, its other owner could take it for his alone while this one still reads it.
        _pageTable.Set(leaf, PageTable.PositionOf(page), default);
        Flush(FlushSite.CopyOnWrite, page, 1);

        // An unshared copy stays clean until it is written: while forks share it, ksmd does not count its references.
        MapOwn(ref vma, page, leaf, copy, writable: writes, dirty: writes);
        if (pte.IsZeroFrame)
        {
            CountMergerZeroPages(pte.IsDirty ? -1 : 0);
            return status;
        }

        ref FrameRecord old = ref _store.Frames[pte.Frame];
        if (old.Has(FrameFlags.Ksm))
        {
            _observer.MergedFrameCopied(Id);
        }

        CountResident(old, -1);
        Unmapped(ref old, pte);
        _store.Frames.Release(cpu, pte.Frame);
        return status;
    }

    // Maps a frame that nobody else knows as the private anonymous page of this PTE.
    private void MapOwn(ref Vma vma, ulong page, uint leaf, Pfn frame, bool writable, bool dirty)
    {
        const FrameFlags Flags = FrameFlags.Allocated | FrameFlags.Used | FrameFlags.Anonymous | FrameFlags.Exclusive
            | FrameFlags.SwapBacked;
        ref FrameRecord record = ref _store.Frames[frame];
        record.Become(Flags, vma.AnonVma, vma.IndexOf(page));
        record.AddMapping();
        CountResident(record, 1);
        Pte pte = Pte.Map(frame, (vma.Flags & VmaFlags.Access) != VmaFlags.None).WithAccessed(true).WithDirty(dirty);
        _pageTable.Set(leaf, PageTable.PositionOf(page), pte.WithWritable(writable && vma.Has(VmaFlags.Write)));
    }

    // First write in a VMA: a neighbour's anon_vma if the two could ever merge but for their protection, else a new one.
    private bool TryPrepareAnonVma(uint id, ref Vma vma)
    {
        uint after = FindContaining(vma.End);
        uint shared = Sharable(after, vma, vma.PageOffset + vma.Pages, vmaIsFirst: true);
        if (shared == 0 && vma.Start != 0)
        {
            uint before = FindContaining(vma.Start - 1);
            shared = Sharable(before, vma, vma.PageOffset, vmaIsFirst: false);
        }

        VmaInterval interval = new(id, vma.PageOffset, vma.LastIndex);
        return _store.AnonVmas.TryPrepare(ref vma.AnonVma, ref vma.Chain, shared, interval);
    }

    private uint Sharable(uint neighbour, in Vma vma, ulong boundary, bool vmaIsFirst)
    {
        if (neighbour == 0)
        {
            return 0;
        }

        ref Vma other = ref VmaAt(neighbour);
        bool contiguous = boundary == (vmaIsFirst ? other.PageOffset : other.PageOffset + other.Pages);
        bool alike = ((other.Flags ^ vma.Flags) & ~VmaFlags.Access) == VmaFlags.None
            && other.Object == vma.Object
            && other.Node == vma.Node;
        uint anonVma = Volatile.Read(ref other.AnonVma);
        return contiguous && alike && anonVma != 0 && _store.AnonVmas.IsSingular(other.Chain) ? anonVma : 0;
    }
}
