using System;
using System.Diagnostics;
using System.Numerics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>Paged-out pages: their bytes, and how many swap entries name each. Swap devices and tables will stand here.</summary>
/// <remarks>
/// Contents lie in one guarded reservation, slot <c>n</c> at <c>n × content size</c>, committed as far as slots have been
/// used; there is no swap cache, so every process that swaps a shared page in gets a copy of its own.
/// Thread safety: slots may be taken and released, and counts changed, concurrently. Content is written by whoever took the
/// slot, before anybody else can know it, and never again.
/// </remarks>
internal sealed unsafe class SwapStore : IDisposable
{
    // Of the host's address space, which costs nothing; bytes are committed as they are needed.
    private const long LargestReservation = 1L << 38;
    private const uint MostSlots = 1 << 26;

    private readonly NativeSlab<SwapSlot> _slots;
    private readonly Reservation _contents;
    private readonly AllocationFaults _faults;
    private readonly int _contentShift;
    private int _latch;
    private uint _committed;

    /// <param name="contentSize">Bytes of a page that are kept.</param>
    /// <param name="faults">Asked at every allocation.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal SwapStore(int contentSize, AllocationFaults faults)
    {
        _faults = faults;
        _contentShift = BitOperations.Log2((uint)contentSize);
        uint capacity = (uint)long.Min(MostSlots, LargestReservation >> _contentShift);
        _slots = new NativeSlab<SwapSlot>(capacity, faults);
        _contents = Reservation.Reserve(((nuint)capacity + 1) << _contentShift);
    }

    /// <summary>Slots in use.</summary>
    internal uint Count => _slots.LiveCount;

    /// <summary>Bytes of records and contents in use.</summary>
    internal long UsedBytes => _slots.UsedBytes + ((long)_slots.LiveCount << _contentShift);

    /// <summary>One past the largest slot number handed out.</summary>
    internal uint Limit => _slots.IdLimit;

    /// <summary>Takes a slot with one count, the caller's.</summary>
    /// <returns>False when the store is full or the host has no memory; nothing has changed.</returns>
    internal bool TryTake(out uint slot)
    {
        if (!_slots.TryTake(out slot))
        {
            return false;
        }

        if (slot >= Volatile.Read(ref _committed) && (_faults.Strikes() || !TryCommit(slot)))
        {
            _slots.Return(slot);
            slot = 0;
            return false;
        }

        _slots[slot] = new SwapSlot { Count = 1, InUse = 1 };
        return true;
    }

    /// <summary>Content of a slot.</summary>
    internal Span<byte> Content(uint slot)
    {
        Debug.Assert(slot != 0 && slot < _committed, "No slot with this number.");
        return new Span<byte>(_contents.Base + ((nuint)slot << _contentShift), 1 << _contentShift);
    }

    /// <summary>Swap entries that name a slot; for checks at rest, 0 for a free one.</summary>
    internal int CountOf(uint slot) => _slots[slot].InUse == 0 ? 0 : _slots[slot].Count;

    /// <summary>One swap entry more names the slot.</summary>
    internal void AddReference(uint slot) => Interlocked.Increment(ref _slots[slot].Count);

    /// <summary>One less; the last one frees the slot.</summary>
    internal void Release(uint slot)
    {
        int left = Interlocked.Decrement(ref _slots[slot].Count);
        Debug.Assert(left >= 0, "Slot released twice.");
        if (left == 0)
        {
            _slots[slot].InUse = 0;
            _slots.Return(slot);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _contents.Dispose();
        _slots.Dispose();
    }

    private bool TryCommit(uint slot)
    {
        SpinLatch.Enter(ref _latch, LockRank.SwapBackend);
        bool done = slot < _committed;
        if (!done)
        {
            // A mebibyte at a time, so that the host sees few calls.
            uint step = uint.Max(1, (1u << 20) >> _contentShift);
            ulong end = ((((ulong)slot / step) + 1) * step) << _contentShift;
            nuint start = (nuint)_committed << _contentShift;
            nuint length = nuint.Min((nuint)end, _contents.Length) - start;
            done = _contents.TryCommit(start, length);
            if (done)
            {
                Volatile.Write(ref _committed, (uint)((start + length) >> _contentShift));
            }
        }

        SpinLatch.Exit(ref _latch, LockRank.SwapBackend);
        return done;
    }
}
