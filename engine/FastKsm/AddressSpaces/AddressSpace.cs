using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>One address space (<c>mm</c>): its VMAs, its page table, and all that can happen to them.</summary>
/// <typeparam name="TObserver">Told about killed translations and about what concerns the merger.</typeparam>
/// <remarks>
/// Positions are page numbers, lengths are pages; the face converts and checks addresses. Members that take a CPU take
/// and free frames on its behalf. Thread safety: all members may be called concurrently unless they say otherwise.
/// </remarks>
internal sealed partial class AddressSpace<TObserver> : WalkedSpace
    where TObserver : struct, IAddressSpaceObserver
{
    /// <summary>
    /// Lowest page that a mapping gets without asking for it: 64 KiB at 4 KiB pages, as vm.mmap_min_addr.
    /// </summary>
    internal const ulong Floor = 16;

    private readonly AddressSpaceStore _store;
    private readonly VmaTree _tree;
    private readonly PageTable _pageTable;
    private readonly ReaderWriterLatch _latch = new();

    private readonly TObserver _observer;
    private UseCounts _uses;
    private long _residentAnonymous;
    private long _residentBacked;
    private long _mergerZeroPages;
    private long _swapEntries;

    // Of these, the ones that no PTE stands for: inherited.
    private long _mergerZeroPagesUnmapped;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="observer">Whom to tell.</param>
    internal AddressSpace(AddressSpaceStore store, TObserver observer)
    {
        _store = store;
        _observer = observer;
        _tree = new VmaTree(store.TreeNodes);
        _pageTable = new PageTable(store, isWalked: true);
    }

    /// <summary>VMAs (<c>map_count</c>).</summary>
    internal int VmaCount => _tree.Count;

    /// <summary>Pages in VMAs (<c>total_vm</c>).</summary>
    internal ulong MappedPages { get; private set; }

    /// <summary>Pages in locked VMAs (<c>locked_vm</c>).</summary>
    internal ulong LockedPages { get; private set; }

    /// <summary>Present anonymous pages, merged ones included (RssAnon).</summary>
    internal long ResidentAnonymous => Volatile.Read(ref _residentAnonymous);

    /// <summary>Present pages of backing objects (RssFile and RssShmem).</summary>
    internal long ResidentBacked => Volatile.Read(ref _residentBacked);

    /// <summary>Zero frames that the merger placed and that are still mapped (ksm_zero_pages of the process).</summary>
    /// <remarks>A child also counts those of its parent that it did not inherit, for ever, as on Linux.</remarks>
    internal long MergerZeroPages => Volatile.Read(ref _mergerZeroPages);

    /// <summary>Paged-out pages (VmSwap).</summary>
    internal long SwapEntries => Volatile.Read(ref _swapEntries);

    /// <summary>Whether every compatible mapping is made mergeable (MMF_VM_MERGE_ANY).</summary>
    internal bool MergeAny { get; private set; }

    /// <summary>Whether the merger knows this address space (MMF_VM_MERGEABLE); the merger clears it.</summary>
    internal bool IsRegistered { get; set; }

    /// <summary>
    /// Its translations; for the merger and reverse-map walks, under the mm lock or knowing the mapping.
    /// </summary>
    internal PageTable PageTable => _pageTable;

    /// <summary>Makes it an address space of its own, with one user. For the pool.</summary>
    /// <param name="id">Id among the machine's address spaces, never given out before; at least one.</param>
    internal void Begin(uint id)
    {
        Debug.Assert(_tree.Count == 0 && _residentAnonymous == 0 && _residentBacked == 0 && _swapEntries == 0, "It is empty.");
        Debug.Assert(!IsRegistered && !MergeAny, "The merger has let go of it.");
        Id = id;
        _pageTable.Space = id;
        IsExiting = false;
        _uses.Begin();
        _store.Spaces.Add(id, this);
    }

    /// <summary>One user more, unless the last has left.</summary>
    internal bool TryAddUser() => _uses.TryAddUser();

    /// <summary>One user less; the last unmaps everything.</summary>
    /// <param name="cpu">CPU that acts.</param>
    internal void DropUser(int cpu)
    {
        if (_uses.DropUser())
        {
            Exit(cpu);
            DropHold();
        }
    }

    /// <summary>Keeps the record, if not what is mapped. For who knows that it is kept already.</summary>
    internal void AddHold() => _uses.AddHold();

    /// <summary>Gives <see cref="AddHold"/> back, with no lock of the address space held.</summary>
    internal void DropHold()
    {
        if (_uses.DropHold())
        {
            _observer.AddressSpaceUnused(this);
        }
    }

    /// <summary>The merger has placed zero frames, or they have gone.</summary>
    internal void CountMergerZeroPages(long change)
    {
        if (change != 0)
        {
            _ = Interlocked.Add(ref _mergerZeroPages, change);
            _observer.MergerZeroPagesChanged(Id, change);
        }
    }

    private ref Vma VmaAt(uint id) => ref _store.Vmas[id];

    // VMA that contains a page; 0 for none. Under the mm lock.
    private uint FindContaining(ulong page)
    {
        uint id = _tree.At(_tree.Find(page));
        return id != 0 && VmaAt(id).Start <= page ? id : 0;
    }

    // One resident page more or less, by what the frame is now.
    private void CountResident(in FrameRecord frame, int change)
    {
        if (frame.Has(FrameFlags.Anonymous))
        {
            _ = Interlocked.Add(ref _residentAnonymous, change);
        }
        else
        {
            _ = Interlocked.Add(ref _residentBacked, change);
        }
    }

    // CPUs give up what they hold of a range. After the PTEs have changed, before what that means is relied on.
    private void Flush(FlushSite site, ulong page, ulong pages) => _observer.TranslationsKilled(site, Id, page, pages);

    private void OracleSeesCount(ulong page)
    {
        if (OracleSwitch.IsOn)
        {
            _store.Oracle?.ReferencesCounted(Id, page);
        }
    }

    private void ExitAlone()
    {
        _store.OracleSeesEnd();
        _latch.ExitWrite();
    }

    [Conditional("DEBUG")]
    private void AssertHeldForWriting() => Debug.Assert(_latch.IsHeldForWriting, "VMAs change under the mm lock held alone.");
}
