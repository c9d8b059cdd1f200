using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <summary>Cells of one size in native memory, named by 32-bit ids; 0 names none. A free cell reads as zero.</summary>
/// <remarks>
/// Unlike a slab it writes nothing into free cells: who gives one back has cleared it, and a reader who comes late
/// reads zeroes
/// or what the next owner wrote, never a link. Cells go by 64 in a chunk with a bit for each that is free; memory of
/// chunks without a cell
/// in use goes back to the host, but for one chunk's, so that a use that comes and goes costs no calls. Cells never
/// move and stay
/// readable for the pool's life.
/// Thread safety: taking and returning may be done concurrently (a spin latch, an innermost lock).
/// </remarks>
internal sealed unsafe class CellPool : IDisposable
{
    private const int ChunkCells = 64;
    private const uint LargestGrowth = 4 * 1024 * 1024;

    private readonly Reservation _memory;
    private readonly NativeColumn<Chunk> _chunks;
    private readonly AllocationFaults _faults;
    private readonly byte* _cells;
    private readonly uint _cellBytes;
    private readonly uint _capacity;
    private int _latch;
    private uint _chunksMade;
    private uint _firstWithRoom;
    private uint _spare;
    private uint _live;

    /// <summary>Reserves room; commits none of it.</summary>
    /// <param name="cells">Largest number of cells that can ever be in use at once; at least one.</param>
    /// <param name="cellBytes">Bytes of a cell: a positive multiple of 64.</param>
    /// <param name="faults">Asked whenever a cell is taken.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal CellPool(uint cells, int cellBytes, AllocationFaults faults)
    {
        Debug.Assert(cells != 0 && cellBytes > 0 && cellBytes % 64 == 0, "Chunks are whole pages.");
        _cellBytes = (uint)cellBytes;
        _faults = faults;

        // Id 0 takes a cell's place, and chunk numbers start at 1.
        _capacity = ((cells + 1 + ChunkCells - 1) / ChunkCells) + 1;
        _memory = Reservation.Reserve((nuint)_capacity * ChunkCells * _cellBytes);
        try
        {
            _chunks = new NativeColumn<Chunk>(_capacity, faults);
        }
        catch (OutOfNativeMemoryException)
        {
            _memory.Dispose();
            throw;
        }

        _memory.PreferSmallPages();
        _cells = _memory.Base;
    }

    /// <summary>Cells in use.</summary>
    internal uint LiveCount => Volatile.Read(ref _live);

    /// <summary>Bytes of the cells in use.</summary>
    internal long UsedBytes => (long)LiveCount * _cellBytes;

    /// <summary>First byte of a cell. Reading one that is free is harmless.</summary>
    internal byte* this[uint id]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(id != 0 && id < (_chunksMade + 1) * ChunkCells, "No cell with this id.");
            return _cells + ((nuint)id * _cellBytes);
        }
    }

    /// <summary>
    /// Where cell 0 would be, for hot paths: cell <c>id</c> begins <c>id</c> times its size further on.
    /// </summary>
    internal byte* Cells => _cells;

    /// <summary>Takes a cell of zeroes.</summary>
    /// <returns>False when the host has no memory or the pool is empty; nothing has changed.</returns>
    internal bool TryTake(out uint id)
    {
        id = 0;
        if (_faults.Strikes())
        {
            return false;
        }

        SpinLatch.Enter(ref _latch, LockRank.Slab);
        bool done = _firstWithRoom != 0 || TryGrow();
        if (done)
        {
            uint number = _firstWithRoom;
            ref Chunk chunk = ref _chunks[number];
            _spare = _spare == number ? 0 : _spare;
            int bit = BitOperations.TrailingZeroCount(chunk.Free);
            chunk.Free &= chunk.Free - 1;
            if (chunk.Free == 0)
            {
                _firstWithRoom = chunk.Next;
            }

            _live++;
            id = (number * ChunkCells) + (uint)bit;
        }

        SpinLatch.Exit(ref _latch, LockRank.Slab);
        return done;
    }

    /// <summary>Gives a cell back, cleared.</summary>
    internal void Return(uint id)
    {
        Debug.Assert(!new ReadOnlySpan<byte>(this[id], (int)_cellBytes).ContainsAnyExcept((byte)0), "A free cell reads as zero.");
        uint number = id / ChunkCells;
        SpinLatch.Enter(ref _latch, LockRank.Slab);
        ref Chunk chunk = ref _chunks[number];
        ulong bit = 1UL << (int)(id % ChunkCells);
        Debug.Assert((chunk.Free & bit) == 0, "Cell returned twice.");
        if (chunk.Free == 0)
        {
            chunk.Next = _firstWithRoom;
            _firstWithRoom = number;
        }

        chunk.Free |= bit;
        _live--;
        if (chunk.Free == ulong.MaxValue)
        {
            BecomeIdle(number);
        }

        SpinLatch.Exit(ref _latch, LockRank.Slab);
    }

    /// <summary>Bytes that the host backs with memory now.</summary>
    internal long ResidentBytes() => _memory.ResidentBytes();

    /// <inheritdoc/>
    public void Dispose()
    {
        _chunks.Dispose();
        _memory.Dispose();
    }

    // Called with the latch held.
    private void BecomeIdle(uint number)
    {
        if (_spare == 0)
        {
            _spare = number;
        }
        else
        {
            nuint length = (nuint)ChunkCells * _cellBytes;
            _memory.Release(number * length, length);
        }
    }

    // Called with the latch held. The growth is geometric, so that the host sees few calls.
    private bool TryGrow()
    {
        nuint chunkBytes = (nuint)ChunkCells * _cellBytes;
        uint fresh = uint.Clamp(_chunksMade / 2, 1, uint.Max(1, LargestGrowth / (uint)chunkBytes));
        fresh = uint.Min(fresh, _capacity - 1 - _chunksMade);
        if (fresh == 0
            || !_chunks.TryCover(_chunksMade + fresh)
            || !_memory.TryCommit((_chunksMade + 1) * chunkBytes, fresh * chunkBytes))
        {
            return false;
        }

        for (uint i = _chunksMade + fresh; i > _chunksMade; i--)
        {
            _chunks[i] = new Chunk { Free = ulong.MaxValue, Next = _firstWithRoom };
            _firstWithRoom = i;
        }

        _chunksMade += fresh;
        return true;
    }

    private struct Chunk
    {
        internal ulong Free;
        internal uint Next;
    }
}
