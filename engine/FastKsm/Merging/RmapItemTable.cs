using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.AddressSpaces;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>The rmap items of all address spaces: leaves of 512, parallel to the leaves of PTEs.</summary>
/// <remarks>
/// An item id is the leaf's id and the position in it, so ids are 32 bits for 2^32 scanned pages; no valid id is 0.
/// Thread safety: under the ksm mutex; page, list and sequence of a merged item also under the latch of its node's list.
/// </remarks>
internal sealed class RmapItemTable : IDisposable
{
    private const uint MaxLeaves = (1 << 23) - 1;
    private const int SmallestLists = 16;

    private readonly NativeSlab<RmapItemLeaf> _leaves;
    private readonly NativeColumn<RmapItemLeafHeader> _headers;
    private RmapItemList?[] _lists = new RmapItemList?[SmallestLists];
    private int _listCount = 1;
    private readonly Stack<int> _freeNumbers = new();

    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal RmapItemTable(AllocationFaults faults)
    {
        _leaves = new NativeSlab<RmapItemLeaf>(MaxLeaves, faults);
        _headers = new NativeColumn<RmapItemLeafHeader>(MaxLeaves + 1, faults);
    }

    /// <summary>Bytes of native records in use.</summary>
    internal long UsedBytes => _leaves.UsedBytes;

    /// <summary>An item.</summary>
    internal ref RmapItem this[uint item]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _leaves[item >> RmapItemLeaf.Shift][(int)(item & (RmapItemLeaf.Length - 1))];
    }

    /// <summary>Page that an item is about.</summary>
    internal ulong PageOf(uint item) =>
        ((ulong)_headers[item >> RmapItemLeaf.Shift].LeafNumber << RmapItemLeaf.Shift) | (item & (RmapItemLeaf.Length - 1));

    /// <summary>List that an item belongs to.</summary>
    internal RmapItemList ListOf(uint item) =>
        Volatile.Read(ref _lists)[_headers[item >> RmapItemLeaf.Shift].List]!;

    /// <summary>Leaf of items for a leaf number; 0 for none.</summary>
    internal static uint FindLeaf(RmapItemList list, ulong page) => list.Directory.Find(page >> RmapItemLeaf.Shift);

    /// <summary>Item at a page, made if need be.</summary>
    /// <param name="list">Items of the address space.</param>
    /// <param name="page">The page.</param>
    /// <param name="leaf">Leaf of items that holds the page if the caller knows it, else 0; set on return.</param>
    /// <param name="item">The item.</param>
    /// <param name="isNew">Whether it was made just now.</param>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryFindOrAdd(RmapItemList list, ulong page, ref uint leaf, out uint item, out bool isNew)
    {
        item = 0;
        isNew = false;
        if (leaf == 0)
        {
            leaf = FindLeaf(list, page);
            if (leaf == 0 && !TryAddLeaf(list, page, out leaf))
            {
                return false;
            }
        }

        int position = PageTable.PositionOf(page);
        item = (leaf << RmapItemLeaf.Shift) | (uint)position;
        ref RmapItem record = ref this[item];
        if (record.State == RmapItemState.Absent)
        {
            record.State = RmapItemState.Volatile;
            ref RmapItemLeafHeader header = ref _headers[leaf];
            header.Present[position >> 6] |= 1UL << (position & 63);
            header.Count++;
            list.Count++;
            isNew = true;
        }

        return true;
    }

    /// <summary>First item at or after a page.</summary>
    /// <param name="list">Items of the address space.</param>
    /// <param name="page">Where to begin; on return, the page of the item found.</param>
    /// <param name="end">One past the last page.</param>
    /// <returns>The item; 0 for none.</returns>
    internal uint FindNext(RmapItemList list, ref ulong page, ulong end)
    {
        while (page < end)
        {
            ulong number = page >> RmapItemLeaf.Shift;
            uint leaf = list.Directory.FindNext(ref number, (end - 1) >> RmapItemLeaf.Shift);
            if (leaf == 0)
            {
                return 0;
            }

            ulong first = number << RmapItemLeaf.Shift;
            page = ulong.Max(page, first);
            int position = NextPresent(_headers[leaf], (int)(page - first));
            if (position < RmapItemLeaf.Length)
            {
                page = first + (uint)position;
                return page < end ? (leaf << RmapItemLeaf.Shift) | (uint)position : 0;
            }

            page = first + RmapItemLeaf.Length;
        }

        return 0;
    }

    /// <summary>Frees an item that is in no index. The last one of a leaf takes the leaf with it.</summary>
    internal void Free(RmapItemList list, uint item)
    {
        Debug.Assert(this[item].State == RmapItemState.Volatile, "Only items that are in no index are freed.");
        uint leaf = item >> RmapItemLeaf.Shift;
        int position = (int)(item & (RmapItemLeaf.Length - 1));
        this[item] = default;
        ref RmapItemLeafHeader header = ref _headers[leaf];
        header.Present[position >> 6] &= ~(1UL << (position & 63));
        list.Count--;
        if (--header.Count == 0)
        {
            list.Directory.Remove(header.LeafNumber);
            _leaves.Return(leaf);
            if (list.Count == 0)
            {
                _lists[list.Number] = null;
                _freeNumbers.Push(list.Number);
                list.Number = 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _headers.Dispose();
        _leaves.Dispose();
    }

    private static int NextPresent(in RmapItemLeafHeader header, int from)
    {
        int word = from >> 6;
        ulong bits = header.Present[word] & (ulong.MaxValue << (from & 63));
        while (bits == 0 && ++word < RmapItemLeaf.Length / 64)
        {
            bits = header.Present[word];
        }

        return bits == 0 ? RmapItemLeaf.Length : (word << 6) + BitOperations.TrailingZeroCount(bits);
    }

    private bool TryAddLeaf(RmapItemList list, ulong page, out uint leaf)
    {
        if (!_leaves.TryTake(out leaf))
        {
            return false;
        }

        ulong number = page >> RmapItemLeaf.Shift;
        if (!_headers.TryCover(leaf) || !list.Directory.TryAdd(number, leaf, out _))
        {
            _leaves.Return(leaf);
            leaf = 0;
            return false;
        }

        if (list.Number == 0)
        {
            if (!_freeNumbers.TryPop(out int free))
            {
                free = _listCount++;
                if (free == _lists.Length)
                {
                    // Walks read it meanwhile, about items that are in the former one as well.
                    RmapItemList?[] larger = new RmapItemList?[2 * free];
                    _lists.CopyTo(larger, 0);
                    Volatile.Write(ref _lists, larger);
                }
            }

            _lists[free] = list;
            list.Number = free;
        }

        _headers[leaf] = new RmapItemLeafHeader { LeafNumber = (uint)number, List = list.Number };
        return true;
    }
}
