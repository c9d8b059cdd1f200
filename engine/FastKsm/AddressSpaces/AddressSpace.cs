using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>One address space (<c>mm</c>): its VMAs, its page table, its lock, and who needs it.</summary>
/// <remarks>
/// What can happen to its pages stands in types of its own, each with one reason: <see cref="PageAccess"/> and <see
/// cref="PageFault"/> for accesses, <see cref="PageZap"/>, <see cref="PageProtection"/>, <see cref="PageAging"/>, <see
/// cref="PageMove"/> and <see cref="PageCopy"/> for ranges, <see cref="MappingActions"/> for reverse-map walks, <see
/// cref="PageMerge"/> and <see cref="HugeDissolving"/> for the merger. System calls (AddressSpace.Calls.cs) take the
/// lock and put these together. Positions are page numbers, lengths are pages; the face converts and checks addresses.
/// Members that take a CPU take and free frames on its behalf, and flush as it. Thread safety: all members may be
/// called concurrently unless they say otherwise.
/// </remarks>
internal sealed partial class AddressSpace : IVmaEdges
{
    /// <summary>
    /// Lowest page that a mapping gets without asking for it: 64 KiB at 4 KiB pages, as vm.mmap_min_addr.
    /// </summary>
    internal const ulong Floor = 16;

    private readonly SpacePool _pool;
    private readonly ReaderWriterLatch _latch = new(LockRank.MmLock);
    private UseCounts _uses;
    private SpaceCounts _counts;

    // CPU of the thread that holds the mm lock alone.
    private int _cpuAlone;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="pool">Whom it goes back to.</param>
    internal AddressSpace(AddressSpaceStore store, SpacePool pool)
    {
        Store = store;
        _pool = pool;
        Vmas = new VmaSet(store, this);
        Table = new PageTable(store, isWalked: true);
        Translations = new SpaceTranslations(store.Flushes);
    }

    /// <summary>
    /// Id among the machine's address spaces; at least one. An object that is used again has another one.
    /// </summary>
    internal uint Id { get; private set; }

    /// <summary>Tables of the machine.</summary>
    internal AddressSpaceStore Store { get; }

    /// <summary>Its mappings.</summary>
    internal VmaSet Vmas { get; }

    /// <summary>
    /// Its translations; for the merger and reverse-map walks, under the mm lock or knowing the mapping.
    /// </summary>
    internal PageTable Table { get; }

    /// <summary>What CPUs know of its translations.</summary>
    internal SpaceTranslations Translations { get; }

    /// <summary>What it counts of its pages.</summary>
    internal ref SpaceCounts Counts => ref _counts;

    /// <summary>Whether every compatible mapping is made mergeable (MMF_VM_MERGE_ANY).</summary>
    internal bool MergeAny { get; private set; }

    /// <summary>Whether the merger knows this address space (MMF_VM_MERGEABLE); the merger clears it.</summary>
    internal bool IsRegistered { get; set; }

    /// <summary>Whether it has begun to go away: it has no VMA any more, or soon will have none.</summary>
    internal bool IsExiting { get; private set; }

    /// <summary>
    /// Changes with every sole hold of the mm lock: while it stays, VMAs and page-table leaves stay. Under the lock.
    /// </summary>
    internal uint Generation => _latch.Generation;

    /// <summary>Makes it an address space of its own, with one user. For the pool.</summary>
    /// <param name="id">Id among the machine's address spaces, never given out before; at least one.</param>
    internal void Begin(uint id)
    {
        Debug.Assert(Vmas.Count == 0 && _counts.IsEmpty, "It is empty.");
        Debug.Assert(!IsRegistered && !MergeAny, "The merger has let go of it.");
        Id = id;
        Vmas.Space = id;
        Table.Space = id;
        Translations.Begin(id);
        IsExiting = false;
        _uses.Begin();
        Store.Spaces.Add(id, this);
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
            _pool.Return(this);
        }
    }

    /// <summary>Takes the mm lock shared.</summary>
    internal void EnterShared([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _latch.EnterRead(file, line);

    /// <summary>Gives the shared hold back.</summary>
    internal void ExitShared()
    {
        Store.OracleSeesEnd();
        _latch.ExitRead();
    }

    /// <summary>The merger has placed zero frames, or they have gone.</summary>
    internal void CountMergerZeroPages(long change)
    {
        if (change != 0)
        {
            _counts.AddMergerZero(change);
            Store.AddMergerZeroPages(change);
        }
    }

    /// <summary>Whether a page lies in a mapping at this moment, and the one behind it otherwise.</summary>
    internal bool TryFind(ulong page, out Vma vma)
    {
        _latch.EnterRead();
        uint id = Vmas.From(page);
        vma = id == 0 ? default : Vmas[id];
        ExitShared();
        return id != 0;
    }

    /// <summary>The PTE of a page, as it is at this moment; empty where there is none.</summary>
    internal Pte Translate(ulong page)
    {
        _latch.EnterRead();
        Pte pte = default;
        uint leaf = page < Store.PageLimit ? Table.Find(page) : 0;
        if (leaf != 0)
        {
            LeafEdit edit = new(Table, leaf, page);
            pte = edit.GetSettled(PageTable.PositionOf(page));
            edit.Exit();
        }

        ExitShared();
        return pte;
    }

    /// <summary>CPUs give up what they hold of pages that have changed. With no leaf's latch held.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="site">Which of the engine's flushes this is.</param>
    /// <param name="debt">What is owed; nothing happens if nothing is.</param>
    internal void Pay(int cpu, FlushSite site, in FlushDebt debt)
    {
        if (debt.IsOwed)
        {
            Store.Flush(cpu, this, site, debt, freedTables: false);
        }
    }

    /// <summary>
    /// The same for a huge mapping: Linux names its 512 pages then, which is more than a range may have.
    /// </summary>
    internal void PayHuge(int cpu, FlushSite site, in FlushDebt debt)
    {
        FlushDebt pages = default;
        if (debt.IsOwed)
        {
            pages.AddRange(debt.First, debt.Pages);
            Pay(cpu, site, pages);
        }
    }

    /// <summary>The same for all pages.</summary>
    internal void FlushAll(int cpu, FlushSite site)
    {
        FlushDebt all = default;
        all.AddRange(0, Store.PageLimit);
        Store.Flush(cpu, this, site, all, freedTables: true);
    }

    /// <summary>
    /// Takes a leaf's latch to look at entries whose emptiness decides something: a batch that has emptied some of them
    /// has flushed by then (R6).
    /// </summary>
    /// <remarks>
    /// A batch empties an entry, and says that it owes a flush, under the leaf's latch. So what it owes is seen here,
    /// or the batch comes later, and finds what this operation has left.
    /// </remarks>
    internal LeafEdit EnterChecked(int cpu, uint leaf, ulong page)
    {
        LeafEdit edit = new(Table, leaf, page);
        while (Translations.OwesBatched(out _))
        {
            edit.Exit();
            Store.Flushes.CheckPending(cpu, KernelThread.IsOn, Translations);
            edit = new LeafEdit(Table, leaf, page);
        }

        return edit;
    }

    /// <summary>
    /// Whether nothing but mappings and the caller has a reference to a page's frame. Behind the flush of the page's
    /// entry, so that a borrower that came by an old translation has counted itself.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="record">Its frame.</param>
    /// <param name="held">References that the caller has.</param>
    internal bool HasNoBorrower(ulong page, in FrameRecord record, int held)
    {
        if (OracleSwitch.IsOn)
        {
            Store.Oracle?.ReferencesCounted(Id, page);
        }

        return record.References == record.MapCount + held;
    }

    /// <inheritdoc/>
    void IVmaEdges.SplitAt(ulong page)
    {
        Debug.Assert(_latch.IsHeldForWriting, "VMAs change under the mm lock held alone.");
        HugeMapping.SplitAt(this, _cpuAlone, page);
    }

    private void EnterAlone(int cpu)
    {
        _latch.EnterWrite();
        _cpuAlone = cpu;
    }

    private void ExitAlone()
    {
        Store.OracleSeesEnd();
        _latch.ExitWrite();
    }
}
