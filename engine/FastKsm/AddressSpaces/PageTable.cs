using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>The translations of one address space, or the pages of one backing object.</summary>
/// <remarks>Thread safety: leaves may be found and added concurrently; PTEs belong to the holder of their leaf's latch.</remarks>
internal sealed class PageTable
{
    private readonly AddressSpaceStore _store;
    private readonly PageDirectory _directory;

    internal PageTable(AddressSpaceStore store)
    {
        _store = store;
        _directory = new PageDirectory(store.DirectoryNodes);
    }

    /// <summary>Position of a page in its leaf.</summary>
    internal static int PositionOf(ulong page) => (int)(page & (PteLeaf.Length - 1));

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
    internal void Enter(uint leaf) => SpinLatch.Enter(ref _store.LeafHeaders[leaf].Latch);

    /// <summary>Takes the latch of a page's leaf without the mm lock, which is what otherwise keeps the leaf.</summary>
    /// <remarks>A leaf goes only under the directory's latch and its own, so between finding and entering it stays.</remarks>
    /// <param name="page">The page.</param>
    /// <param name="leaf">Its leaf.</param>
    /// <returns>False when there is none; nothing is held.</returns>
    internal bool TryEnter(ulong page, out uint leaf)
    {
        _directory.Enter();
        leaf = Find(page);
        if (leaf != 0)
        {
            Enter(leaf);
        }

        _directory.Exit();
        return leaf != 0;
    }

    /// <summary>Gives a leaf's latch back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Exit(uint leaf) => SpinLatch.Exit(ref _store.LeafHeaders[leaf].Latch);

    /// <summary>A PTE; write it through <see cref="Set"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Pte Get(uint leaf, int position) => _store.Leaves[leaf][position];

    /// <summary>Changes a PTE and the leaf's count of PTEs that are not empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Set(uint leaf, int position, Pte pte)
    {
        Debug.Assert(_store.LeafHeaders[leaf].Latch == 1, "A PTE changes under the leaf's latch.");
        ref Pte slot = ref _store.Leaves[leaf][position];
        _store.LeafHeaders[leaf].Populated += (pte.IsEmpty ? 0 : 1) - (slot.IsEmpty ? 0 : 1);
        slot = pte;
    }

    /// <summary>PTEs of a leaf that are not empty.</summary>
    internal int PopulatedIn(uint leaf) => _store.LeafHeaders[leaf].Populated;

    /// <summary>Frees the leaves that hold pages of a range and nothing else. Under the mm lock held alone.</summary>
    internal void FreeEmptyLeaves(ulong start, ulong end)
    {
        ulong page = start;
        for (uint leaf; (leaf = FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            if (_store.LeafHeaders[leaf].Populated == 0)
            {
                _directory.Enter();
                Enter(leaf);
                _directory.Remove(page >> PteLeaf.Shift);
                Exit(leaf);
                _directory.Exit();
                _store.Leaves.Return(leaf);
            }
        }
    }

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

        Debug.Assert(_store.LeafHeaders[leaf] is { Latch: 0, Populated: 0 }, "A free leaf has a clean header.");
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
