using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Frames that pages have given up in a merge, kept until one flush for all of them.</summary>
/// <remarks>
/// A CPU may go on reading a kept frame through its old translation, for the frame that the page maps now has the same bytes. It
/// stays so: no CPU can write the frame through any entry, and the reference that is kept here makes every other owner of the frame
/// copy it instead of taking it for its own.
/// Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class ReplacedFrames : IDisposable
{
    private readonly PhysicalMemory _frames;
    private readonly NativeColumn<Pfn> _kept;
    private readonly int _capacity;
    private int _count;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="capacity">Frames that it may keep.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space.</exception>
    internal ReplacedFrames(AddressSpaceStore store, int capacity)
    {
        _frames = store.Frames;
        _capacity = capacity;
        _kept = new NativeColumn<Pfn>((uint)capacity, store.Faults);
        Batch = new FlushBatch(store.Flushes, kernelThread: true, FlushSite.ReplacedTogether);
    }

    /// <summary>The flush that is owed.</summary>
    internal FlushBatch Batch { get; }

    /// <summary>Whether one frame more can be kept. May take memory, so not under a leaf's latch.</summary>
    internal bool TryMakeRoom() => _count < _capacity && _kept.TryCover((uint)_count);

    /// <summary>Keeps the reference of a mapping that has gone. Room has been made.</summary>
    internal void Keep(Pfn frame)
    {
        _kept[(uint)_count] = frame;
        _count++;
    }

    /// <summary>Whether a frame has a reference here.</summary>
    internal bool Holds(Pfn frame) =>
        _count != 0 && MemoryMarshal.Cast<Pfn, uint>(_kept.Run(0, _count)).Contains(frame.Number);

    /// <summary>Makes the flush, and then lets all frames go. With no leaf's latch held.</summary>
    internal void Flush(int cpu)
    {
        Batch.Flush(cpu);
        for (int i = 0; i < _count; i++)
        {
            _frames.Release(cpu, _kept[(uint)i]);
        }

        _count = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Debug.Assert(_count == 0, "A batch has ended without its flush.");
        _kept.Dispose();
    }
}
