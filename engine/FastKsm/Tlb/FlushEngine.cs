using System;
using FastKsm.Memory;

namespace FastKsm.Tlb;

/// <summary>The TLBs of a machine's CPUs, and the flushes that keep them true.</summary>
/// <remarks>Thread safety: all members may be called concurrently.</remarks>
internal sealed class FlushEngine : IDisposable
{
    /// <summary>Pages that stand for the whole address space.</summary>
    internal const ulong All = ulong.MaxValue;

    /// <summary>Makes the TLBs, all empty.</summary>
    internal FlushEngine(TlbOptions options, int cpus, AllocationFaults faults)
    {
        _ = options;
        _ = cpus;
        _ = faults;
    }

    /// <summary>A CPU's TLB.</summary>
    internal CpuTlb this[int cpu] => null!;

    /// <summary>Sums of all CPUs' counters.</summary>
    internal TlbCounters Counters => default;

    /// <summary>Makes all CPUs forget a range; when it returns, none can use what was there before the call.</summary>
    /// <param name="cpu">The initiating CPU.</param>
    /// <param name="kernelThread">Whether a kernel thread (ksmd, kswapd) calls, so that the CPU is lazy.</param>
    /// <param name="mm">The address space.</param>
    /// <param name="firstPage">First page.</param>
    /// <param name="pages">Pages; <see cref="All"/> for all there are.</param>
    /// <param name="strideShift">Binary logarithm of the pages that an entry stands for: 0, or 9 for huge mappings and tables.</param>
    /// <param name="freedTables">Whether page tables are about to be freed: lazy CPUs are told, too.</param>
    internal void Flush(
        int cpu, bool kernelThread, SpaceTranslations mm, ulong firstPage, ulong pages, int strideShift, bool freedTables)
    {
    }

    /// <summary>A kernel thread leaves a CPU: what ran there before goes on.</summary>
    internal void EndKernelThread(int cpu) => _ = cpu;

    /// <summary>R6: flushes the address space if pages of it have been unmapped by a batch that may not have been flushed.</summary>
    internal void CheckPending(int cpu, bool kernelThread, SpaceTranslations mm)
    {
    }

    /// <summary>Throws if an invariant does not hold. No thread but the caller uses the machine.</summary>
    internal void Validate()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
