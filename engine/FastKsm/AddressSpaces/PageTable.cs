using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Primitives;
using FastKsm.Simd;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>The translations of one address space, or the pages of one backing object.</summary>
/// <remarks>
/// Thread safety: leaves may be found and added concurrently; PTEs belong to the holder of their leaf's latch.
/// </remarks>
internal sealed class PageTable
{
    private readonly AddressSpaceStore _store;
    private readonly PageDirectory _directory;
    private readonly TranslationOracle? _oracle;
    private readonly bool _isWalked;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="isWalked">Whether CPUs read its entries, as they do not read those of a backing object.</param>
    internal PageTable(AddressSpaceStore store, bool isWalked)
    {
        _store = store;
        _directory = new PageDirectory(store.DirectoryNodes);
        _isWalked = isWalked;
        _oracle = isWalked ? store.Oracle : null;
    }

    /// <summary>Pages of a directory, which stands above 512 leaves: 1 GiB of 4 KiB pages.</summary>
    internal const ulong DirectoryPages = (ulong)DirectoryNode.Length << PteLeaf.Shift;

    /// <summary>Binary logarithm of <see cref="DirectoryPages"/>.</summary>
    internal const int DirectoryShift = PteLeaf.Shift + DirectoryNode.Shift;

    /// <summary>Id of the address space; 0 for a backing object.</summary>
    internal uint Space { get; set; }

    /// <summary>Position of a page in its leaf.</summary>
    internal static int PositionOf(ulong page) => (int)(page & (PteLeaf.Length - 1));

    /// <summary>First page of the block that a page's leaf maps.</summary>
    internal static ulong FirstOf(ulong page) => page & ~((ulong)PteLeaf.Length - 1);

    /// <summary>Leaf of a page; 0 for none.</summary>
    internal uint Find(ulong page) => _directory.Find(page >> PteLeaf.Shift);

    /// <summary>First leaf that holds pages of a range.</summary>
    /// <param name="page">Where to begin; on return, the first page that both the leaf and the range hold.</param>
    /// <param name="end">One past the last page of the range.</param>
    /// <param name="count">Pages that both hold.</param>
    /// <returns>Its id; 0 for none.</returns>
    internal uint FindNext(ref ulong page, ulong end, out int count)
    {
        count = 0;
        if (page >= end)
        {
            return 0;
        }

        ulong number = page >> PteLeaf.Shift;
        uint leaf = _directory.FindNext(ref number, (end - 1) >> PteLeaf.Shift);
        if (leaf != 0)
        {
            page = Math.Max(page, number << PteLeaf.Shift);
            count = (int)(Math.Min(end, (number + 1) << PteLeaf.Shift) - page);
        }

        return leaf;
    }

    /// <summary>Leaf of a page, made if need be.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryFindOrAdd(ulong page, out uint leaf)
    {
        leaf = Find(page);
        return leaf != 0 || TryAdd(page, out leaf);
    }

    /// <summary>Takes a leaf's latch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enter(uint leaf, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SpinLatch.Enter(ref _store.LeafHeaders[leaf].Latch, LockRank.PageTableLeaf, file, line);

    /// <summary>Takes the latch of a page's leaf without the mm lock, which is what otherwise keeps the leaf.</summary>
    /// <remarks>
    /// Whoever removes a leaf begins the removal before he takes its latch. So if none had begun when the latch is had,
    /// the leaf is the page's, and stays; otherwise the latch may be one of anybody's leaf, and is given back at once.
    /// </remarks>
    /// <param name="page">The page.</param>
    /// <param name="leaf">Its leaf.</param>
    /// <returns>False when there is none; nothing is held.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryEnter(ulong page, out uint leaf)
    {
        if (_directory.TryFind(page >> PteLeaf.Shift, out leaf, out uint version))
        {
            if (leaf == 0)
            {
                return false;
            }

            Enter(leaf);
            if (_directory.IsAt(version))
            {
                return true;
            }

            Exit(leaf);
        }

        _directory.Enter();
        leaf = Find(page);
        if (leaf != 0)
        {
            Enter(leaf);
        }

        _directory.Exit();
        return leaf != 0;
    }

    /// <summary>
    /// Asks for a PTE and the latch of its leaf, for one who is about to want them. Without any lock.
    /// </summary>
    internal void Prefetch(ulong page)
    {
        if (_directory.TryFind(page >> PteLeaf.Shift, out uint leaf, out _) && leaf != 0)
        {
            MemoryHint.Prefetch(in _store.LeafHeaders[leaf]);
            MemoryHint.Prefetch(in _store.Leaves[leaf][PositionOf(page)]);
        }
    }

    /// <summary>Gives a leaf's latch back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Exit(uint leaf) => SpinLatch.Exit(ref _store.LeafHeaders[leaf].Latch, LockRank.PageTableLeaf);

    /// <summary>A PTE; write it through <see cref="Set"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Pte Get(uint leaf, int position) =>
        _store.LeafHeaders[leaf].Kind != LeafKind.Huge ? _store.Leaves[leaf][position] : Part(GetWhole(leaf), position);

    /// <summary>
    /// A PTE as it may have been a moment ago: without the latch, for those who look again under it. Under the mm lock.
    /// </summary>
    /// <remarks>
    /// A huge mapping that is split or made meanwhile shows as it was or as it is: only the entry itself says what it
    /// is, not the leaf's header, which changes at another moment.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Pte Look(uint leaf, int position)
    {
        ref PteLeaf ptes = ref _store.Leaves[leaf];
        Pte first = new(Volatile.Read(ref Unsafe.As<Pte, ulong>(ref ptes[0])));
        return first.IsHuge ? Part(first, position) : ptes[position];
    }

    /// <summary>Changes a PTE and the leaf's count of PTEs that are not empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Set(uint leaf, int position, Pte pte)
    {
        ref LeafHeader header = ref _store.LeafHeaders[leaf];
        Debug.Assert(header.Latch == 1 && header.Kind != LeafKind.Huge && !pte.IsHuge, "A PTE changes under the leaf's latch.");
        ref Pte slot = ref _store.Leaves[leaf][position];
        if (OracleSwitch.IsOn)
        {
            OracleSees(leaf, position, 1, slot, pte);
        }

        header.Populated += (short)((pte.IsEmpty ? 0 : 1) - (slot.IsEmpty ? 0 : 1));
        header.Kind = LeafKind.Table;
        slot = pte;
    }

    /// <summary>Changes a present PTE into another one; a batch makes the flush.</summary>
    internal void SetInBatch(uint leaf, int position, Pte pte, FlushSite batch)
    {
        ref Pte slot = ref _store.Leaves[leaf][position];
        Debug.Assert(_store.LeafHeaders[leaf] is { Latch: 1, Kind: LeafKind.Table }, "A PTE changes under the leaf's latch.");
        if (OracleSwitch.IsOn)
        {
            OracleSees(leaf, position, 1, slot, pte, batch);
        }

        slot = pte;
    }

    /// <summary>
    /// Makes a present PTE clean by which no CPU can write: what CPUs hold of it permits no less and no more.
    /// </summary>
    internal void SetClean(uint leaf, int position)
    {
        ref Pte slot = ref _store.Leaves[leaf][position];
        Debug.Assert(_store.LeafHeaders[leaf] is { Latch: 1, Kind: LeafKind.Table }, "A PTE changes under the leaf's latch.");
        Pte clean = slot.WithDirty(false);
        if (OracleSwitch.IsOn)
        {
            OracleSees(leaf, position, 1, slot.IsWritable ? slot : clean, clean);
        }

        slot = clean;
    }

    /// <summary>What a leaf is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LeafKind KindOf(uint leaf) => _store.LeafHeaders[leaf].Kind;

    /// <summary>The entry of a huge mapping.</summary>
    internal Pte GetWhole(uint leaf)
    {
        Debug.Assert(KindOf(leaf) == LeafKind.Huge, "The leaf is no huge mapping.");
        return _store.Leaves[leaf][0];
    }

    /// <summary>Maps all of a leaf as a whole, or changes the entry. Under its latch.</summary>
    internal void SetWhole(uint leaf, Pte entry)
    {
        ref LeafHeader header = ref _store.LeafHeaders[leaf];
        Debug.Assert(header.Latch == 1 && (header.Kind == LeafKind.Huge || header.Populated == 0), "PTEs would be lost.");
        Debug.Assert((entry.IsPresent || entry.IsBusy) && entry.IsHuge, "No entry for a whole leaf.");
        if (OracleSwitch.IsOn)
        {
            Pte before = header.Kind == LeafKind.Huge ? _store.Leaves[leaf][0] : default;
            OracleSees(leaf, 0, PteLeaf.Length, before, entry);
        }

        header.Kind = LeafKind.Huge;
        header.Populated = PteLeaf.Length;
        _store.Leaves[leaf][0] = entry;
    }

    /// <summary>Unmaps a leaf that is mapped as a whole. Under its latch.</summary>
    internal void ClearWhole(uint leaf)
    {
        ref LeafHeader header = ref _store.LeafHeaders[leaf];
        Debug.Assert(header.Latch == 1 && header.Kind == LeafKind.Huge, "The leaf is no huge mapping.");
        if (OracleSwitch.IsOn)
        {
            OracleSees(leaf, 0, PteLeaf.Length, _store.Leaves[leaf][0], default);
        }

        header.Kind = LeafKind.None;
        header.Populated = 0;
        _store.Leaves[leaf][0] = default;
    }

    /// <summary>
    /// Makes 512 PTEs of the entry for all, with what it says. Under the latch; the frames' counts are the caller's.
    /// </summary>
    internal void SplitWhole(uint leaf)
    {
        Pte entry = GetWhole(leaf).ForOnePage();
        ref LeafHeader header = ref _store.LeafHeaders[leaf];
        Debug.Assert(header.Latch == 1, "A leaf changes under its latch.");
        ref PteLeaf ptes = ref _store.Leaves[leaf];
        for (int i = PteLeaf.Length - 1; i > 0; i--)
        {
            ptes[i] = Part(entry, i);
        }

        // The entry for all goes last: until then it speaks for the others (Look).
        Volatile.Write(ref Unsafe.As<Pte, ulong>(ref ptes[0]), Part(entry, 0).Value);
        header.Kind = LeafKind.Table;
    }

    /// <summary>Makes a leaf of which nothing has become yet a page table. Under its latch.</summary>
    internal void MakeTable(uint leaf)
    {
        Debug.Assert(KindOf(leaf) != LeafKind.Huge, "The leaf is in use.");
        _store.LeafHeaders[leaf].Kind = LeafKind.Table;
    }

    /// <summary>Makes an empty page table nothing again. Under its latch.</summary>
    internal void ForgetTable(uint leaf)
    {
        ref LeafHeader header = ref _store.LeafHeaders[leaf];
        Debug.Assert(header is { Latch: 1, Populated: 0 }, "The leaf is in use.");
        header.Kind = LeafKind.None;
    }

    /// <summary>PTEs of a leaf that are not empty.</summary>
    internal int PopulatedIn(uint leaf) => _store.LeafHeaders[leaf].Populated;

    /// <summary>Unlinks the next empty leaf that holds pages of a range. Under the mm lock held alone.</summary>
    /// <param name="page">Where to begin; on return, where to go on.</param>
    /// <param name="end">One past the last page of the range.</param>
    /// <param name="firstPage">First of its pages.</param>
    /// <returns>
    /// Its id, to be given to <see cref="FreeLeaf"/> when no CPU walks through it any more; 0 when none is left.
    /// </returns>
    internal uint UnlinkEmptyLeaf(ref ulong page, ulong end, out ulong firstPage) =>
        UnlinkEmptyLeaf(ref page, end, out firstPage, out _);

    /// <summary>The same; says whether it was a table, which CPUs may walk through, or nothing yet.</summary>
    internal uint UnlinkEmptyLeaf(ref ulong page, ulong end, out ulong firstPage, out bool wasTable)
    {
        for (uint leaf; (leaf = FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            if (_store.LeafHeaders[leaf].Populated != 0)
            {
                continue;
            }

            firstPage = FirstOf(page);
            _directory.BeginRemoval();
            Enter(leaf);
            wasTable = _store.LeafHeaders[leaf].Kind != LeafKind.None;
            _store.LeafHeaders[leaf].Kind = LeafKind.None;
            if (_isWalked)
            {
                // As Linux: the table above stays until no VMA reaches into its block (FreeDirectories).
                _directory.RemoveLeaf(page >> PteLeaf.Shift);
            }
            else
            {
                _directory.Remove(page >> PteLeaf.Shift);
            }

            Exit(leaf);
            _directory.EndRemoval();
            if (OracleSwitch.IsOn && wasTable)
            {
                _oracle?.TableUnlinked(leaf);
            }

            page += (uint)count;
            return leaf;
        }

        firstPage = 0;
        wasTable = false;
        return 0;
    }

    /// <summary>
    /// Frees the next directory, a table of 512 leaves that are gone, of a range; at once, since a walk finds out by
    /// the version. Under the mm lock held alone.
    /// </summary>
    /// <param name="page">Where to begin; on return, where to go on.</param>
    /// <param name="end">One past the last page of the range.</param>
    /// <param name="firstPage">First of its pages.</param>
    /// <returns>False when none is left.</returns>
    internal bool TryFreeDirectory(ref ulong page, ulong end, out ulong firstPage)
    {
        ulong number = page >> PteLeaf.Shift;
        firstPage = 0;
        if (page >= end || !_directory.TryFindNextNode(ref number, (end - 1) >> PteLeaf.Shift))
        {
            return false;
        }

        _directory.BeginRemoval();
        _directory.RemoveNode(number);
        _directory.EndRemoval();
        firstPage = (number << PteLeaf.Shift) & ~(DirectoryPages - 1);
        page = firstPage + DirectoryPages;
        return true;
    }

    /// <summary>Frees the empty leaves of a range of a table that no CPU walks through.</summary>
    internal void FreeEmptyLeaves(ulong start, ulong end)
    {
        for (uint leaf; (leaf = UnlinkEmptyLeaf(ref start, end, out _)) != 0;)
        {
            FreeLeaf(leaf);
        }
    }

    /// <summary>Frees a leaf that has been unlinked.</summary>
    internal void FreeLeaf(uint leaf)
    {
        if (OracleSwitch.IsOn)
        {
            _oracle?.TableFreed(leaf);
        }

        _store.Leaves.Return(leaf);
    }

    // The oracle keeps its records on the managed heap; what it checks does not.
    private void OracleSees(uint leaf, int position, int pages, Pte before, Pte now, FlushSite? batch = null)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        _oracle?.Changed(leaf, position, pages, before.ToTranslation(), now.ToTranslation(), batch);
        LockRanks.Excuse(GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    // Zero frames are chosen by address, as far as the position in the leaf tells it.
    private Pte Part(Pte entry, int position) =>
        entry.IsZeroFrame ? entry.WithFrame(_store.Frames.ZeroFrameOf((ulong)position)) : entry.At(position);

    private bool TryAdd(ulong page, out uint leaf)
    {
        if (!_store.Leaves.TryTake(out leaf))
        {
            return false;
        }

        if (!_store.LeafHeaders.TryCover(leaf))
        {
            _store.Leaves.Return(leaf);
            return false;
        }

        if (OracleSwitch.IsOn)
        {
            _oracle?.TableLinked(leaf, Space, page & ~((ulong)PteLeaf.Length - 1));
        }

        // Its latch may be held: a walk that comes too late takes it for a moment.
        Debug.Assert(_store.LeafHeaders[leaf] is { Populated: 0, Kind: LeafKind.None }, "A free leaf has a clean header.");
        if (!_directory.TryAdd(page >> PteLeaf.Shift, leaf, out uint present))
        {
            _store.Leaves.Return(leaf);
            return false;
        }

        if (present != leaf)
        {
            _store.Leaves.Return(leaf);
            leaf = present;
        }

        return true;
    }
}
