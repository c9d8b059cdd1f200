using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>
/// One page fault: zero page, first touch, copy on write with Linux's reuse rules, swap-in, huge pages.
/// </summary>
/// <remarks>
/// The fault classifies the entry under the leaf's latch. What can be done at once it does; for anything else it gives
/// the latch back, prepares (takes a frame, clears or copies it, looks a backing object up), takes the latch again and
/// compares: if the entry is what it was, it installs, else it begins again, with what it has prepared or without. So
/// nothing is allocated, copied or waited for under a latch. What is copied is kept by a reference that is taken under
/// the latch. Copy on write in three steps: a marker takes the old entry's place, the flush comes, the new frame takes
/// the marker's place. Belongs to one thread. Under the mm lock, shared or alone.
/// </remarks>
internal ref partial struct PageFault
{
    private readonly AddressSpace _space;
    private readonly PhysicalMemory _frames;
    private readonly int _cpu;
    private readonly ulong _page;
    private readonly FaultKind _kind;
    private readonly uint _vma;
    private readonly bool _wantsHuge;

    // What has been prepared, and for which entry.
    private Preparation _has;
    private Pfn _frame;
    private bool _ownsFrame;
    private Pte _for;
    private bool _hugeRefused;
    private bool _cameBack;
    private Fault _did;

    // Of the CPU whose access faulted; null when no access comes after the fault.
    private readonly CpuTlb? _tlb;

    private PageFault(AddressSpace space, int cpu, CpuTlb? tlb, ulong page, FaultKind kind, uint vma, bool wantsHuge)
    {
        _tlb = tlb;
        _space = space;
        _frames = space.Store.Frames;
        _cpu = cpu;
        _page = page;
        _kind = kind;
        _vma = vma;
        _wantsHuge = wantsHuge;
    }

    private readonly bool Writes => _kind is FaultKind.Write or FaultKind.ForcedWrite;

    /// <summary>Makes a page usable for an access, or says why it cannot be.</summary>
    /// <param name="space">The address space; under its mm lock.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">What the access is.</param>
    /// <param name="fault">What the fault did.</param>
    internal static MemoryStatus Handle(AddressSpace space, int cpu, ulong page, FaultKind kind, out Fault fault) =>
        Handle(space, cpu, tlb: null, page, kind, out fault);

    /// <summary>
    /// The same, and fills the TLB while the leaf's latch is still held, so that the access need not walk the table
    /// again.
    /// </summary>
    /// <param name="space">The address space; under its mm lock.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="tlb">Its TLB; null to fill none.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">What the access is.</param>
    /// <param name="fault">What the fault did.</param>
    internal static MemoryStatus Handle(
        AddressSpace space, int cpu, CpuTlb? tlb, ulong page, FaultKind kind, out Fault fault)
    {
        fault = Fault.None;
        uint id = space.Vmas.Containing(page);
        if (id == 0)
        {
            return MemoryStatus.NotMapped;
        }

        ref Vma vma = ref space.Vmas[id];
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

        bool takesFrameToRead = !space.Store.ZeroFrames.ForReads && vma.Object == 0;
        bool mayCopy = (kind != FaultKind.Read || takesFrameToRead) && !vma.Has(VmaFlags.Shared);
        bool wantsHuge = kind != FaultKind.Unshare && HugeMapping.IsWanted(space, vma, page);
        if ((mayCopy || wantsHuge) && Volatile.Read(ref vma.AnonVma) == 0 && !space.Vmas.TryPrepareAnonVma(id))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        if (!space.Table.TryFindOrAdd(page, out uint leaf))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        PageFault running = new(space, cpu, tlb, page, kind, id, wantsHuge);
        MemoryStatus status = running.Run(leaf, ref vma);
        fault = running._did;
        if (fault == Fault.Backed && kind == FaultKind.Read)
        {
            FaultAround.Map(space, leaf, page, ref vma);
        }

        return status;
    }

    private MemoryStatus Run(uint leaf, ref Vma vma)
    {
        int position = PageTable.PositionOf(_page);
        MemoryStatus status = Guess(leaf, position, ref vma);
        SpinWait spinner = default;
        while (status == MemoryStatus.Done)
        {
            LeafEdit edit = new(_space.Table, leaf, _page);
            Preparation needs = Resolve(ref edit, ref vma, position);
            if (needs == Preparation.None && edit.Splits == 0)
            {
                Fill(ref edit, position);
            }

            edit.Exit();
            HugeMapping.PaySplit(_space, _cpu, edit);
            if (needs == Preparation.None)
            {
                break;
            }

            switch (needs)
            {
                case Preparation.Wait:
                    // Another thread moves the page, or flushes it. It needs neither the mm lock nor, for ever, the
                    // latch.
                    spinner.SpinOnce();
                    break;
                case Preparation.Flush:
                    Replace(ref edit, ref vma, position);
                    return MemoryStatus.Done;
                default:
                    status = Prepare(needs, ref vma);
                    break;
            }
        }

        GiveUp();
        return status;
    }

    // Under the latch. The section ends at once: the fault has frames and locks to give back before the access comes.
    private readonly void Fill(ref LeafEdit edit, int position)
    {
        if (_tlb is not null && PageAccess.TryBegin(_space, _tlb, ref edit, _page, position, _kind, out _))
        {
            _tlb.End();
        }
    }

    // Most faults meet an untouched page: its frame is taken before the first look under the latch, so that there is no
    // second.
    private MemoryStatus Guess(uint leaf, int position, ref Vma vma)
    {
        bool takesFrame = vma.Object == 0 && !_wantsHuge
            && (Writes || (_kind == FaultKind.Read && !_space.Store.ZeroFrames.ForReads));
        return takesFrame && _space.Table.Look(leaf, position).IsEmpty
            ? Prepare(Preparation.Zeroed, ref vma)
            : MemoryStatus.Done;
    }
}
