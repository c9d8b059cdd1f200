using System;
using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Frames that pages have given up in a merge, kept until one flush for all of them.</summary>
/// <remarks>
/// A CPU may go on reading a kept frame through its old translation, for the frame that the page maps now has the same bytes. It
/// stays so: no CPU can write the frame through any entry, and the reference that is kept here makes every other owner of the frame
/// copy it instead of taking it for its own. Migration and page-out count it as a borrower, and leave the frame alone.
/// Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class ReplacedFrames : IDisposable
{
    /// <summary>
    /// The part of a machine's frames that may wait: an allocation by another thread does not get them, nor wait for them.
    /// </summary>
    private const int PartOfAll = 8;

    private readonly PhysicalMemory _frames;
    private readonly FlushEngine _flushes;
    private readonly NativeColumn<Pfn> _kept;
    private readonly int _capacity;
    private int _count;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="most">Frames that it may keep, if the machine has enough.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space.</exception>
    internal ReplacedFrames(AddressSpaceStore store, int most)
    {
        _frames = store.Frames;
        _flushes = store.Flushes;
        _capacity = (int)long.Clamp(store.Frames.Layout.Frames / PartOfAll, 1, most);
        _kept = new NativeColumn<Pfn>((uint)_capacity, store.Faults);
        Batch = new FlushBatch(store.Flushes, kernelThread: true, FlushSite.ReplacedTogether);
    }

    /// <summary>The flush that is owed.</summary>
    internal FlushBatch Batch { get; }

    /// <summary>
    /// Makes room for one frame more: by a flush, when as many wait as may. May take memory, so not under a leaf's latch.
    /// </summary>
    /// <returns>False when the host has no memory.</returns>
    internal bool TryMakeRoom(int cpu)
    {
        if (_count == _capacity)
        {
            Flush(cpu);
        }

        return _kept.TryCover((uint)_count);
    }

    /// <summary>Keeps a frame by the reference of a mapping that has gone. Room has been made.</summary>
    internal void Keep(int cpu, Pfn frame)
    {
        // One reference is enough, however many pages give the frame up: then a merge can tell it from those of borrowers.
        if (_frames[frame].Has(FrameFlags.Replaced))
        {
            _frames.Release(cpu, frame);
            return;
        }

        _frames[frame].Set(FrameFlags.Replaced);
        _kept[(uint)_count] = frame;
        _count++;
    }

    /// <summary>Makes the flush, and then lets all frames go. With no leaf's latch held.</summary>
    internal void Flush(int cpu)
    {
        if (_flushes.Bug == PlantedBug.TwinReleasedBeforeFlush)
        {
            LetGo(cpu);
        }

        Batch.Flush(cpu);
        LetGo(cpu);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Debug.Assert(_count == 0, "A batch has ended without its flush.");
        _kept.Dispose();
    }

    private void LetGo(int cpu)
    {
        for (int i = 0; i < _count; i++)
        {
            _frames[_kept[(uint)i]].Clear(FrameFlags.Replaced);
            _frames.Release(cpu, _kept[(uint)i]);
        }

        _count = 0;
    }
}
