using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <summary>Records of one kind in native memory, named by 32-bit ids; 0 names none.</summary>
/// <typeparam name="T">A record of at least four bytes.</typeparam>
/// <remarks>
/// Layout: record <c>id</c> starts <c>id × sizeof(T)</c> bytes into one reservation and never moves. Free records form
/// a
/// list through their first four bytes. A promise sets records aside for one operation, so that its second half, which
/// changes things, cannot fail.
/// Thread safety: taking, returning and promising may be done concurrently (a spin latch, the innermost lock of all);
/// the records themselves belong to whoever guards the structure they form.
/// </remarks>
internal sealed unsafe class NativeSlab<T> : IDisposable
    where T : unmanaged
{
    private const uint SmallestGrowth = 64 * 1024;
    private const uint LargestGrowth = 4 * 1024 * 1024;

    private readonly Reservation _memory;
    private readonly AllocationFaults _faults;
    private readonly T* _records;
    private readonly uint _capacity;
    private int _latch;
    private uint _committed;
    private uint _everUsed = 1;
    private uint _freeHead;
    private uint _freeCount;
    private uint _promised;

    /// <summary>Reserves room; commits none of it.</summary>
    /// <param name="capacity">Largest number of records that can ever live at once; at least one.</param>
    /// <param name="faults">Asked at every allocation.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal NativeSlab(uint capacity, AllocationFaults faults)
    {
        Debug.Assert(sizeof(T) >= sizeof(uint), "The free list needs a word of each record.");
        Debug.Assert(capacity is > 0 and < uint.MaxValue, "Ids are 32 bits wide.");
        _capacity = capacity;
        _faults = faults;
        _memory = Reservation.Reserve(((nuint)capacity + 1) * (nuint)sizeof(T));
        _records = (T*)_memory.Base;
    }

    /// <summary>Records in use.</summary>
    internal uint LiveCount => _everUsed - 1 - _freeCount;

    /// <summary>Bytes of the records in use.</summary>
    internal long UsedBytes => (long)LiveCount * sizeof(T);

    /// <summary>Bytes that the host backs with memory now.</summary>
    internal long ResidentBytes() => _memory.ResidentBytes();

    /// <summary>One past the largest id ever handed out.</summary>
    internal uint IdLimit => _everUsed;

    /// <summary>The record with this id, which must be in use.</summary>
    internal ref T this[uint id]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(id != 0 && id < _everUsed, "Record id out of range.");
            return ref _records[id];
        }
    }

    /// <summary>Takes a zero-filled record.</summary>
    /// <returns>False when the host has no memory or the slab is full; nothing has changed.</returns>
    internal bool TryTake(out uint id)
    {
        if (!TryPromise(1))
        {
            id = 0;
            return false;
        }

        id = TakePromised();
        return true;
    }

    /// <summary>Sets records aside, to be had by <see cref="TakePromised"/> without fail.</summary>
    /// <returns>False when the host has no memory or the slab is full; nothing has changed.</returns>
    internal bool TryPromise(uint count)
    {
        if (LockRanks.IsOn)
        {
            LockRanks.AssertOutsideOfLeaves("Setting records aside");
        }

        if (_faults.Strikes())
        {
            return false;
        }

        SpinLatch.Enter(ref _latch, LockRank.Slab);
        uint wanted = _promised + count;
        bool granted = wanted <= _freeCount || TryGrow(wanted - _freeCount);
        if (granted)
        {
            _promised = wanted;
        }

        SpinLatch.Exit(ref _latch, LockRank.Slab);
        return granted;
    }

    /// <summary>Takes a zero-filled record out of an earlier promise.</summary>
    internal uint TakePromised()
    {
        uint id;
        SpinLatch.Enter(ref _latch, LockRank.Slab);
        Debug.Assert(_promised != 0, "More taken than promised.");
        _promised--;
        bool fresh = _freeHead == 0;
        if (fresh)
        {
            id = _everUsed++;
        }
        else
        {
            id = _freeHead;
            _freeHead = *(uint*)&_records[id];
            _freeCount--;
        }

        SpinLatch.Exit(ref _latch, LockRank.Slab);
        Debug.Assert(id < _committed, "A promise was not backed by memory.");
        if (!fresh)
        {
            _records[id] = default;
        }

        return id;
    }

    /// <summary>Gives up what is left of a promise.</summary>
    internal void CancelPromise(uint count)
    {
        SpinLatch.Enter(ref _latch, LockRank.Slab);
        Debug.Assert(count <= _promised, "More given up than promised.");
        _promised -= count;
        SpinLatch.Exit(ref _latch, LockRank.Slab);
    }

    /// <summary>Gives a record back; its id may come up again at once.</summary>
    internal void Return(uint id)
    {
        Debug.Assert(id != 0 && id < _everUsed, "Record id out of range.");
        SpinLatch.Enter(ref _latch, LockRank.Slab);
        *(uint*)&_records[id] = _freeHead;
        _freeHead = id;
        _freeCount++;
        SpinLatch.Exit(ref _latch, LockRank.Slab);
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    // Called with the latch held. The growth is geometric, so that the host sees few calls.
    private bool TryGrow(uint fresh)
    {
        ulong needed = (ulong)_everUsed + fresh;
        if (needed > (ulong)_capacity + 1)
        {
            return false;
        }

        if (needed <= _committed)
        {
            return true;
        }

        ulong bytes = ((ulong)_committed * (ulong)sizeof(T)) / 2;
        bytes = Math.Clamp(bytes, SmallestGrowth, LargestGrowth);
        ulong target = Math.Max(needed, _committed + (bytes / (ulong)sizeof(T)));
        target = Math.Min(target, (ulong)_capacity + 1);
        nuint start = (nuint)_committed * (nuint)sizeof(T);
        if (!_memory.TryCommit(start, ((nuint)target * (nuint)sizeof(T)) - start))
        {
            return false;
        }

        _committed = (uint)target;
        return true;
    }
}
