using System;
using System.Diagnostics;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>From checksums to positions of the stable tree: open addressing with linear probing.</summary>
/// <remarks>
/// Equal checksums say nothing yet; whoever looks up compares bytes. Merged contents never change, so an entry is right for
/// the life of its node. Removal closes the gap, so probes stay short. Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class StableTable : IDisposable
{
    private const int SmallestShift = 12;

    private readonly AllocationFaults _faults;
    private readonly NativeColumn<ulong> _hashes;
    private NativeColumn<Slot> _slots;
    private int _sizeShift = SmallestShift;

    /// <exception cref="OutOfNativeMemoryException">The host refuses address space or memory.</exception>
    internal StableTable(AllocationFaults faults)
    {
        _faults = faults;
        _hashes = new NativeColumn<ulong>(1U << 29, faults);
        _slots = Allocate(SmallestShift) ?? throw new OutOfNativeMemoryException("The host has no memory for the stable table.");
    }

    /// <summary>Positions in the table.</summary>
    internal uint Count { get; private set; }

    private uint Mask => (1U << _sizeShift) - 1;

    /// <summary>Prefetches where a checksum would be found.</summary>
    internal void Prefetch(ulong hash)
    {
        if (Count != 0)
        {
            Simd.MemoryHint.Prefetch(ref _slots[Home(hash)]);
        }
    }

    /// <summary>Makes room for another entry, and for entries of nodes below a limit.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryReserve(uint nodeLimit) =>
        _hashes.TryCover(nodeLimit) && ((Count + 1) * 2 <= Mask + 1 || TryGrow());

    /// <summary>First entry with a checksum; its node is 0 when there is none.</summary>
    internal Cursor Find(ulong hash) => Probe(hash, Home(hash));

    /// <summary>Next entry with the same checksum.</summary>
    internal Cursor FindNext(Cursor at) => Probe(at.Hash, (at.Index + 1) & Mask);

    /// <summary>Adds a position; room has been reserved.</summary>
    internal void Add(ulong hash, uint node)
    {
        _hashes[node] = hash;
        Place(_slots, Mask, hash, node);
        Count++;
    }

    /// <summary>A node takes over the position of another; both ids are reserved.</summary>
    internal void Replace(uint old, uint node)
    {
        ref Slot slot = ref _slots[IndexOf(old)];
        _hashes[node] = slot.Hash;
        slot.Node = node;
    }

    /// <summary>Takes a position out.</summary>
    internal void Remove(uint node)
    {
        uint hole = IndexOf(node);
        Count--;
        for (uint next = (hole + 1) & Mask; _slots[next].Node != 0; next = (next + 1) & Mask)
        {
            // An entry may fill the hole unless its home lies behind the hole, cyclically.
            uint distance = (next - Home(_slots[next].Hash)) & Mask;
            if (distance >= ((next - hole) & Mask))
            {
                _slots[hole] = _slots[next];
                hole = next;
            }
        }

        _slots[hole] = default;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _slots.Dispose();
        _hashes.Dispose();
    }

    private static void Place(NativeColumn<Slot> slots, uint mask, ulong hash, uint node)
    {
        uint at = (uint)(hash >> 32) & mask;
        while (slots[at].Node != 0)
        {
            at = (at + 1) & mask;
        }

        slots[at] = new Slot { Hash = hash, Node = node };
    }

    // The upper half; the lower one is the item's checksum, by which contents have been told apart before.
    private uint Home(ulong hash) => (uint)(hash >> 32) & Mask;

    private Cursor Probe(ulong hash, uint index)
    {
        while (_slots[index].Node != 0 && _slots[index].Hash != hash)
        {
            index = (index + 1) & Mask;
        }

        return new Cursor(hash, index, _slots[index].Node);
    }

    private uint IndexOf(uint node)
    {
        uint at = Home(_hashes[node]);
        while (_slots[at].Node != node)
        {
            Debug.Assert(_slots[at].Node != 0, "Every position of the tree is in the table.");
            at = (at + 1) & Mask;
        }

        return at;
    }

    private bool TryGrow()
    {
#pragma warning disable CA2000 // It becomes the table's own.
        NativeColumn<Slot>? larger = Allocate(_sizeShift + 1);
#pragma warning restore CA2000
        if (larger is null)
        {
            return false;
        }

        for (uint i = 0; i <= Mask; i++)
        {
            if (_slots[i].Node != 0)
            {
                Place(larger, (2 * Mask) + 1, _slots[i].Hash, _slots[i].Node);
            }
        }

        _slots.Dispose();
        _slots = larger;
        _sizeShift++;
        return true;
    }

    private NativeColumn<Slot>? Allocate(int sizeShift) => NativeColumn<Slot>.TryMake(1U << sizeShift, _faults);

    /// <summary>An entry; good until the table changes.</summary>
    /// <param name="Hash">Checksum looked for.</param>
    /// <param name="Index">Where it stands.</param>
    /// <param name="Node">Position of the stable tree; 0 for none.</param>
    internal readonly record struct Cursor(ulong Hash, uint Index, uint Node);

    private struct Slot
    {
        internal ulong Hash;
        internal uint Node;
    }
}
