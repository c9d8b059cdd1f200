using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <summary>One value beside each id of a slab or frame of an arena, committed as far as ids have been used.</summary>
/// <remarks>Thread safety: growing may be done concurrently; values belong to whoever guards the id.</remarks>
internal sealed unsafe class NativeColumn<T> : IDisposable
    where T : unmanaged
{
    private const uint GrowthBytes = 64 * 1024;

    private readonly Reservation _memory;
    private readonly T* _values;
    private readonly AllocationFaults _faults;
    private readonly uint _length;
    private uint _committed;
    private int _latch;

    /// <summary>Reserves room; commits none of it.</summary>
    /// <param name="length">Number of values; at least one.</param>
    /// <param name="faults">Asked whenever the column grows.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal NativeColumn(uint length, AllocationFaults faults)
    {
        Debug.Assert(length != 0, "An empty column is never made.");
        _length = length;
        _faults = faults;
        _memory = Reservation.Reserve((nuint)length * (nuint)sizeof(T));
        _values = (T*)_memory.Base;
    }

    /// <summary>The value beside an id that <see cref="TryCover"/> has covered.</summary>
    internal ref T this[uint id]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(id < _committed, "Column value beside an id not covered.");
            return ref _values[id];
        }
    }

    /// <summary>The values beside a run of ids, all of them covered.</summary>
    internal Span<T> Run(uint first, int count)
    {
        Debug.Assert((ulong)first + (uint)count <= _committed, "Column values beside ids not covered.");
        return new Span<T>(_values + first, count);
    }

    /// <summary>The value beside id 0, for hot paths of a column that is all covered.</summary>
    internal T* Values => _values;

    /// <summary>Whether the value beside an id is usable.</summary>
    internal bool Covers(uint id) => id < Volatile.Read(in _committed);

    /// <summary>Makes the value beside an id, and all before it, usable; new values are zero.</summary>
    /// <returns>False when the host has no memory.</returns>
    internal bool TryCover(uint id)
    {
        Debug.Assert(id < _length, "Id outside the column.");
        return id < Volatile.Read(ref _committed) || (!_faults.Strikes() && TryGrow(id));
    }

    /// <summary>Asks the host not to back the column with huge pages: most of it is never touched.</summary>
    internal void PreferSmallPages() => _memory.PreferSmallPages();

    /// <summary>Bytes that can be used.</summary>
    internal long CommittedBytes => (long)_committed * sizeof(T);

    /// <summary>Bytes that the host backs with memory now.</summary>
    internal long ResidentBytes() => _memory.ResidentBytes();

    /// <summary>Makes a column of zeroes, all of it usable, for tables that are replaced as they grow.</summary>
    /// <returns>Null when the host has no memory.</returns>
    internal static NativeColumn<T>? TryMake(uint length, AllocationFaults faults)
    {
        NativeColumn<T> made;
        try
        {
#pragma warning disable CA2000 // The caller owns it, or it is disposed below.
            made = new NativeColumn<T>(length, faults);
#pragma warning restore CA2000
        }
        catch (OutOfNativeMemoryException)
        {
            return null;
        }

        if (made.TryCover(length - 1))
        {
            return made;
        }

        made.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private bool TryGrow(uint id)
    {
        SpinLatch.Enter(ref _latch, LockRank.Column);
        bool covered = id < _committed;
        if (!covered)
        {
            ulong step = Math.Max(1, GrowthBytes / (uint)sizeof(T));
            uint target = (uint)Math.Min(_length, (((ulong)id / step) + 1) * step);
            nuint start = (nuint)_committed * (nuint)sizeof(T);
            covered = _memory.TryCommit(start, ((nuint)target * (nuint)sizeof(T)) - start);
            if (covered)
            {
                Volatile.Write(ref _committed, target);
            }
        }

        SpinLatch.Exit(ref _latch, LockRank.Column);
        return covered;
    }
}
