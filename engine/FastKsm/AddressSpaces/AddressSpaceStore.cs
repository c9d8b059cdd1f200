using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;
using FastKsm.Swapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>The tables that all address spaces of a machine share, and the machine's limits.</summary>
/// <remarks>Thread safety: all members may be called concurrently.</remarks>
internal sealed class AddressSpaceStore : IDisposable
{
    // Ids are 32 bits wide; what bounds the tables is the host's address space, which only the reservations use.
    private const uint MaxVmas = 1 << 26;
    private const uint MaxTreeNodes = 1 << 23;
    private const uint MaxLeaves = 1 << 25;
    private const uint MaxDirectoryNodes = 1 << 24;
    private const uint MaxPins = 1 << 26;

    // By id, of which 0 names none. Those that nothing maps serve again.
    private readonly List<BackingObject> _objects = [null!];
    private readonly RankedLock _objectLock = new(LockRank.Objects);
    private readonly Stack<uint> _freeObjects = new();
    private long _zeroPagesMiscounted;
    private long _mergerZeroPages;
    private long _mergedFramesCopied;
    private long _borrowedPagesMet;
    private uint _lastLoan;

    /// <param name="layout">Frames, nodes and CPUs.</param>
    /// <param name="maxMapCount">VMAs an address space may have, as <c>vm.max_map_count</c>.</param>
    /// <param name="pageLimit">One past the largest page number of an address space.</param>
    /// <param name="zeroFrames">Where the machine puts a zero frame of its own accord.</param>
    /// <param name="tlb">How CPUs remember translations.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space or memory.</exception>
    internal AddressSpaceStore(
        in FrameLayout layout, int maxMapCount, ulong pageLimit, ZeroFrameUse zeroFrames, TlbOptions tlb)
    {
        ZeroFrames = zeroFrames;
        MaxMapCount = maxMapCount;
        PageLimit = pageLimit;
        Faults = new AllocationFaults();
        Frames = new PhysicalMemory(layout, Faults);
        Oracle = OracleSwitch.IsOn ? new TranslationOracle() : null;
        Frames.Guard = Oracle;
        Flushes = new FlushEngine(tlb, layout.Cpus, Faults) { Oracle = Oracle };
        Vmas = new NativeSlab<Vma>(MaxVmas, Faults);
        TreeNodes = new NativeSlab<VmaTreeNode>(MaxTreeNodes, Faults);
        Leaves = new NativeSlab<PteLeaf>(MaxLeaves, Faults);
        LeafHeaders = new NativeColumn<LeafHeader>(MaxLeaves + 1, Faults);
        DirectoryNodes = new NativeSlab<DirectoryNode>(MaxDirectoryNodes, Faults);
        AnonVmas = new AnonVmaTable(MaxVmas, Faults, vma => Vmas[vma].Chain);
        Swap = new SwapStore(layout.ContentSize, Faults);
        Pins = new NativeSlab<PinRecord>(MaxPins, Faults);
    }

    /// <summary>Makes allocations fail in tests.</summary>
    internal AllocationFaults Faults { get; }

    /// <summary>
    /// Checks that flushes come in time; null where checks are off. Ask <see cref="OracleSwitch"/> first, which costs
    /// nothing.
    /// </summary>
    internal TranslationOracle? Oracle { get; }

    /// <summary>TLBs and flushes.</summary>
    internal FlushEngine Flushes { get; }

    /// <summary>Page frames.</summary>
    internal PhysicalMemory Frames { get; }

    /// <summary>The merger; set once, before the first address space.</summary>
    internal IMergeRegistry? Merger { get; set; }

    /// <summary>Takes huge pages apart that several leaves map; set once, before the first address space.</summary>
    internal FrameDissolver? Dissolver { get; set; }

    /// <summary>VMA records.</summary>
    internal NativeSlab<Vma> Vmas { get; }

    /// <summary>Nodes of all VMA trees.</summary>
    internal NativeSlab<VmaTreeNode> TreeNodes { get; }

    /// <summary>Leaves of all page tables.</summary>
    internal NativeSlab<PteLeaf> Leaves { get; }

    /// <summary>Latch and count beside each leaf.</summary>
    internal NativeColumn<LeafHeader> LeafHeaders { get; }

    /// <summary>Nodes of all page directories.</summary>
    internal NativeSlab<DirectoryNode> DirectoryNodes { get; }

    /// <summary>anon_vmas and chains.</summary>
    internal AnonVmaTable AnonVmas { get; }

    /// <summary>Paged-out pages.</summary>
    internal SwapStore Swap { get; }

    /// <summary>Address spaces by id, as far as they have not exited.</summary>
    internal SpaceTable Spaces { get; } = new();

    /// <summary>Pins and plain references that are out.</summary>
    internal NativeSlab<PinRecord> Pins { get; }

    /// <summary>VMAs an address space may have before splits fail.</summary>
    internal int MaxMapCount { get; }

    /// <summary>Where the machine puts a zero frame of its own accord.</summary>
    internal ZeroFrameUse ZeroFrames { get; }

    /// <summary>One past the largest page number.</summary>
    internal ulong PageLimit { get; }

    /// <summary>Pages that could not be merged, nor huge pages taken apart, because a frame was borrowed.</summary>
    internal long BorrowedPagesMet => Volatile.Read(ref _borrowedPagesMet);

    /// <summary>
    /// The machine's count of the merger's zero frames less the sum over its address spaces: what fork miscounts.
    /// </summary>
    internal long ZeroPagesMiscounted => Volatile.Read(ref _zeroPagesMiscounted);

    /// <summary>Merged frames that a write or a pin has copied (vmstat's <c>cow_ksm</c>).</summary>
    internal long MergedFramesCopied => Volatile.Read(ref _mergedFramesCopied);

    /// <summary>Zero frames placed by the merger that are still mapped (<c>ksm_zero_pages</c>).</summary>
    internal long MergerZeroPages => Volatile.Read(ref _mergerZeroPages);

    /// <summary>Bytes of native records in use, frames not counted.</summary>
    internal long UsedBytes => Vmas.UsedBytes + TreeNodes.UsedBytes + Leaves.UsedBytes + DirectoryNodes.UsedBytes
        + AnonVmas.UsedBytes + Swap.UsedBytes + Pins.UsedBytes + (Leaves.LiveCount * 8L);

    /// <summary>A borrowed page has been met by the merger, a mover, the pager or an advice.</summary>
    internal void CountBorrowedPageMet() => Interlocked.Increment(ref _borrowedPagesMet);

    /// <summary>A merged frame has been copied.</summary>
    internal void CountMergedFrameCopied() => Interlocked.Increment(ref _mergedFramesCopied);

    /// <summary>Zero frames of the merger have come or gone.</summary>
    internal void AddMergerZeroPages(long change) => Interlocked.Add(ref _mergerZeroPages, change);

    /// <summary>Whether a frame is one entry's alone.</summary>
    internal bool IsExclusive(Pte pte) =>
        pte.IsCounted && Frames[pte.IsHuge ? PhysicalMemory.HeadOf(pte.Frame) : pte.Frame].Has(
            FrameFlags.Anonymous | FrameFlags.Exclusive);

    /// <summary>CPUs give up what they hold of a range. With no leaf's latch held.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="space">The address space.</param>
    /// <param name="site">Which of the engine's flushes this is.</param>
    /// <param name="debt">The range.</param>
    /// <param name="freedTables">Whether page tables are about to be freed.</param>
    internal void Flush(int cpu, AddressSpace space, FlushSite site, in FlushDebt debt, bool freedTables)
    {
        if (LockRanks.IsOn)
        {
            LockRanks.AssertOutsideOfLeaves("A flush, which waits for other CPUs");
        }

        ulong pages = debt.Pages >= PageLimit ? FlushEngine.All : debt.Pages;
        Flushes.Flush(
            site, cpu, KernelThread.IsOn, space.Translations, debt.First, pages, debt.StrideShift, freedTables);
    }

    /// <summary>The machine counts so many of the merger's zero frames more than its address spaces do.</summary>
    internal void AddZeroPagesMiscounted(long pages) => Interlocked.Add(ref _zeroPagesMiscounted, pages);

    /// <summary>
    /// For checks: the content of an anonymous frame decides something from here on, or is copied as the last there is.
    /// </summary>
    internal void OracleSeesTrust(Pfn frame)
    {
        if (OracleSwitch.IsOn)
        {
            Oracle?.ContentTrusted(frame);
        }
    }

    /// <summary>For checks: the calling thread has made all flushes that its operation owes.</summary>
    internal void OracleSeesEnd()
    {
        if (OracleSwitch.IsOn)
        {
            Oracle?.OperationEnds();
        }
    }

    /// <summary>Sets records aside for a change of VMAs.</summary>
    /// <param name="promise">What is set aside.</param>
    /// <param name="vmas">VMA records.</param>
    /// <param name="nodes">Tree nodes.</param>
    /// <param name="intervals">
    /// VMAs times the chain links of each, as often as the VMA is new or gets another interval.
    /// </param>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPromise(out Promise promise, uint vmas, uint nodes, uint intervals)
    {
        promise = default;
        promise.Vmas = Vmas.TryPromise(vmas) ? vmas : 0;
        promise.Nodes = promise.Vmas == vmas && TreeNodes.TryPromise(nodes) ? nodes : 0;
        if (promise.Vmas == vmas && promise.Nodes == nodes && AnonVmas.TryPromise(intervals, out promise.Intervals))
        {
            return true;
        }

        Cancel(ref promise);
        return false;
    }

    /// <summary>Gives up what is left of a promise.</summary>
    internal void Cancel(ref Promise promise)
    {
        Vmas.CancelPromise(promise.Vmas);
        TreeNodes.CancelPromise(promise.Nodes);
        AnonVmas.Cancel(ref promise.Intervals);
        promise = default;
    }

    /// <summary>One past the largest id that an object has had.</summary>
    internal int ObjectLimit => _objects.Count;

    /// <summary>Makes an empty backing object with one reference.</summary>
    internal uint NewObject()
    {
        using (_objectLock.Hold())
        {
            if (!_freeObjects.TryPop(out uint id))
            {
                id = (uint)_objects.Count;
                _objects.Add(new BackingObject(this, id));
            }

            _objects[(int)id].References = 1;
            return id;
        }
    }

    /// <summary>Backing object with this id.</summary>
    internal BackingObject ObjectAt(uint id)
    {
        using (_objectLock.Hold())
        {
            return _objects[(int)id];
        }
    }

    /// <summary>One VMA more maps the object; nothing for id 0.</summary>
    internal void AddObjectReference(uint id)
    {
        if (id != 0)
        {
            using (_objectLock.Hold())
            {
                _objects[(int)id].References++;
            }
        }
    }

    /// <summary>One VMA less; the last one frees the object. Nothing for id 0.</summary>
    internal void DropObjectReference(int cpu, uint id)
    {
        if (id == 0)
        {
            return;
        }

        BackingObject dropped;
        using (_objectLock.Hold())
        {
            dropped = _objects[(int)id];
            if (--dropped.References != 0)
            {
                return;
            }
        }

        // The id is free only when no frame carries it any more.
        dropped.Clear(cpu);
        using (_objectLock.Hold())
        {
            _freeObjects.Push(id);
        }
    }

    /// <summary>A number for a loan that no other one has had. 0 is none.</summary>
    internal uint NextLoan()
    {
        uint loan;
        do
        {
            loan = Interlocked.Increment(ref _lastLoan);
        }
        while (loan == 0);

        return loan;
    }

    /// <summary>Whether a loan has not been given back.</summary>
    /// <param name="pin">Its record.</param>
    /// <param name="loan">Its number.</param>
    internal bool IsLent(uint pin, uint loan) => Volatile.Read(ref Pins[pin].Loan) == loan;

    /// <summary>Takes a borrowed frame back; nothing happens if it has been taken back before.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="pin">Record of the loan.</param>
    /// <param name="loan">Its number.</param>
    internal void Unpin(int cpu, uint pin, uint loan)
    {
        // Of two threads that give back one loan, one finds its number; it alone has the record from then on.
        if (Interlocked.CompareExchange(ref Pins[pin].Loan, 0, loan) != loan)
        {
            return;
        }

        PinRecord record = Pins[pin];
        Pins[pin].Frame = Pfn.None;
        Pins.Return(pin);
        if (record.Frame.IsSome)
        {
            ref FrameRecord frame = ref Frames.HolderOf(record.Frame);
            if (record.Kind == PinKind.Write)
            {
                frame.Set(FrameFlags.Dirty);
            }

            if (record.Kind != PinKind.Reference)
            {
                _ = frame.DropPin();
            }

            Frames.Release(cpu, record.Frame);
        }
    }

    /// <summary>The objects that exist, for checks at rest.</summary>
    internal IEnumerable<BackingObject> LiveObjects()
    {
        for (int i = 1; i < _objects.Count; i++)
        {
            if (_objects[i].References != 0)
            {
                yield return _objects[i];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Swap.Dispose();
        Pins.Dispose();
        AnonVmas.Dispose();
        DirectoryNodes.Dispose();
        LeafHeaders.Dispose();
        Leaves.Dispose();
        TreeNodes.Dispose();
        Vmas.Dispose();
        Frames.Dispose();
        Flushes.Dispose();
    }
}
