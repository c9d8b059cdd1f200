namespace FastKsm.Tlb;

/// <summary>Flushes that a task owes for pages that it has unmapped, to be made at once (<c>tlbflush_unmap_batch</c>).</summary>
/// <remarks>A task's own; passed by reference, since a copy would owe the same again.</remarks>
internal struct FlushBatch
{
    /// <summary>Owes nothing.</summary>
    internal FlushBatch(FlushEngine engine, bool kernelThread)
    {
        _ = engine;
        _ = kernelThread;
    }

    /// <summary>Whether anything is owed.</summary>
    internal readonly bool IsRequired => false;

    /// <summary>Whether a CPU may still store through a translation that is owed.</summary>
    internal readonly bool IsWritable => false;

    /// <summary>R1: whether unmapping is worth a batch: another CPU than this may hold translations.</summary>
    internal readonly bool ShouldDefer(int cpu, SpaceTranslations mm) => false;

    /// <summary>R2, under the leaf's latch, after an accessible entry has been cleared.</summary>
    internal void Add(SpaceTranslations mm, bool wasDirty, ulong page = FlushEngine.All)
    {
    }

    /// <summary>R3: makes the flush that is owed.</summary>
    internal void Flush(int cpu)
    {
    }

    /// <summary>R4: the same, if a CPU may still store.</summary>
    internal void FlushIfWritable(int cpu)
    {
    }
}
