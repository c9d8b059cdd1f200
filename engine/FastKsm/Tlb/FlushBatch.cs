using System;
using System.Diagnostics;

namespace FastKsm.Tlb;

/// <summary>
/// Flushes that a task owes for pages that it has unmapped, to be made at once (<c>tlbflush_unmap_batch</c>).
/// </summary>
/// <remarks>
/// It must be empty before any frame of it is freed, before a page that was dirty is written out or copied, and before
/// the task leaves the work that it is for. Thread safety: none; a task's own, passed by reference, since a copy would
/// owe the same again.
/// </remarks>
internal sealed class FlushBatch
{
    private readonly FlushEngine _engine;
    private readonly bool _isNamed;
    private bool _kernelThread;
    private CpuMask _mask;
    private bool _required;
    private bool _writable;

    /// <summary>Owes nothing.</summary>
    /// <param name="engine">The machine's flushes.</param>
    /// <param name="kernelThread">Whether a kernel thread makes them.</param>
    /// <param name="site">
    /// Which of the engine's flushes it makes, where its changes name it; none for pages that are unmapped.
    /// </param>
    internal FlushBatch(FlushEngine engine, bool kernelThread, FlushSite? site = null)
    {
        _engine = engine;
        Site = site ?? FlushSite.Batched;
        _isNamed = site is not null;
        _kernelThread = kernelThread;
    }

    /// <summary>The next spare one.</summary>
    internal FlushBatch? Next { get; set; }

    /// <summary>Begins to serve a task.</summary>
    /// <param name="kernelThread">Whether a kernel thread makes the flushes.</param>
    internal void Begin(bool kernelThread)
    {
        Debug.Assert(!_required, "A task has left a batch that owes something.");
        _kernelThread = kernelThread;
    }

    /// <summary>Which of the engine's flushes it makes.</summary>
    internal FlushSite Site { get; }

    /// <summary>Whether anything is owed.</summary>
    internal bool IsRequired => _required;

    /// <summary>Whether a CPU may still store through a translation that is owed.</summary>
    internal bool IsWritable => _writable;

    /// <summary>The CPUs that it will tell.</summary>
    internal CpuMask Mask => _mask;

    /// <summary>
    /// R1: whether an unmapping had better wait for a batch: another CPU than this may hold translations.
    /// </summary>
    internal bool ShouldDefer(int cpu, SpaceTranslations mm) => _engine.IsArm || mm.HasOtherCpu(cpu);

    /// <summary>R2, under the leaf's latch, after an accessible entry has been cleared.</summary>
    /// <param name="cpu">The CPU that unmaps.</param>
    /// <param name="mm">The address space.</param>
    /// <param name="wasDirty">Whether the entry was dirty, so that a CPU may store through what it holds of it.</param>
    /// <param name="page">The page, which hardware that broadcasts invalidates at once; all if not given.</param>
    /// <returns>
    /// For <see cref="SpaceTranslations.MarkFlushed"/>, once this batch has flushed: what all batches owe the address
    /// space by now.
    /// </returns>
    internal int Add(int cpu, SpaceTranslations mm, bool wasDirty, ulong page = FlushEngine.All)
    {
        // First the word, then the mask. Another batch that is in the word has cleared its entry before that, so each
        // CPU that may have filled from the entry is in the mask that is read now. The other way round, the batch and
        // such a CPU could come in between, and this batch's flush would be taken for the other's. Who looks at the
        // word (R6) has the leaf's latch, and sees both or none.
        int seen = mm.AddBatched();
        AddTwin(cpu, mm, page);
        _writable |= wasDirty;
        return seen;
    }

    /// <summary>
    /// The same where the entry says as much as CPUs may do: a page that reads the same bytes from another frame. What
    /// looks at the entry and changes it flushes by itself, so no other thread need know that a batch owes a flush
    /// (R6).
    /// </summary>
    /// <param name="cpu">The CPU that acts.</param>
    /// <param name="mm">The address space.</param>
    /// <param name="page">The page.</param>
    internal void AddTwin(int cpu, SpaceTranslations mm, ulong page)
    {
        // The entry has been cleared; then the generation, by a full fence; and then the mask. Read earlier, it could
        // miss a CPU that came in between, read the old generation and filled the old entry.
        ulong generation = mm.NextGeneration();
        for (int word = 0; word < mm.MaskWords; word++)
        {
            _mask[word] |= mm.MaskWord(word);
        }

        _required = true;
        if (_engine.IsArm)
        {
            _engine.BroadcastUnmapped(cpu, mm, generation, page);
        }
    }

    /// <summary>R3: makes the flush that is owed.</summary>
    internal void Flush(int cpu)
    {
        if (!_required)
        {
            return;
        }

        if (_engine.Bug != PlantedBug.BatchNotFlushed)
        {
            _engine.FlushBatch(cpu, _kernelThread, ((ReadOnlySpan<ulong>)_mask)[.._engine.MaskWords], Site, _isNamed);
        }

        _mask = default;
        _required = false;
        _writable = false;
    }

    /// <summary>R4: the same, if a CPU may still store, before a page is written out.</summary>
    internal void FlushIfWritable(int cpu)
    {
        if (_writable)
        {
            Flush(cpu);
        }
    }
}
