using System;
using System.Diagnostics;
using System.Numerics;

namespace FastKsm.Memory;

/// <summary>The contents of all frames: the simulated machine's RAM.</summary>
/// <remarks>
/// Layout: frame <c>n</c> starts <c>n × content size</c> bytes into one guarded reservation; nothing lies between frames.
/// Thread safety: all members may be called concurrently. The <em>contents</em> are not synchronised: a frame belongs to
/// the holder of the leaf latch of a PTE that maps it, or to whoever has its only reference.
/// </remarks>
internal sealed unsafe class FrameArena : IDisposable
{
    private readonly Reservation _memory;
    private readonly int _contentShift;
    private readonly uint _limit;

    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal FrameArena(in FrameLayout layout)
    {
        Debug.Assert(BitOperations.IsPow2(layout.ContentSize), "Options were validated at the edge.");
        _contentShift = BitOperations.Log2((uint)layout.ContentSize);
        _limit = layout.Limit;
        _memory = Reservation.Reserve((nuint)_limit << _contentShift);

        // Frames are handed out in rising order, so huge pages fill up; a first touch then costs the host a fault in 512,
        // and a scan of contents misses the host's TLB as much less often.
        _memory.PreferHugePages();
    }

    /// <summary>Bytes stored for each frame; every content operation takes its length from here.</summary>
    internal int ContentSize => 1 << _contentShift;

    /// <summary>Makes the contents of a run of frames usable; fresh ones are zero.</summary>
    /// <returns>False when the host has no memory.</returns>
    internal bool TryCommit(uint firstFrame, uint count)
    {
        Debug.Assert((ulong)firstFrame + count <= _limit, "Commit outside the arena.");
        return _memory.TryCommit((nuint)firstFrame << _contentShift, (nuint)count << _contentShift);
    }

    /// <summary>Content of a frame, unchecked: for engine code that owns it as the remarks say.</summary>
    internal Span<byte> Content(Pfn frame)
    {
        Debug.Assert(frame.IsSome && frame.Number < _limit, "Frame of another machine.");
        Debug.Assert(!_memory.IsClosed, "Frame used after its machine was disposed.");
        return new Span<byte>(_memory.Base + ((nuint)frame.Number << _contentShift), 1 << _contentShift);
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
