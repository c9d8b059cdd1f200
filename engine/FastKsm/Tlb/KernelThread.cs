using System;

namespace FastKsm.Tlb;

/// <summary>The time for which the calling thread acts as a kernel thread on a CPU, as ksmd does.</summary>
/// <remarks>
/// The CPU is lazy meanwhile: it keeps what it has loaded, and does not use it. So every flush that the kernel thread makes is for
/// other CPUs. What ran on the CPU goes on when it ends. Belongs to one thread.
/// </remarks>
internal readonly ref struct KernelThread
{
    [ThreadStatic]
    private static int s_depth;

    private readonly FlushEngine _engine;
    private readonly int _cpu;

    private KernelThread(FlushEngine engine, int cpu)
    {
        _engine = engine;
        _cpu = cpu;
    }

    /// <summary>Whether the calling thread acts as one.</summary>
    internal static bool IsOn => s_depth != 0;

    /// <summary>The calling thread begins to act as one.</summary>
    /// <param name="engine">The machine's flushes.</param>
    /// <param name="cpu">The CPU.</param>
    internal static KernelThread Begin(FlushEngine engine, int cpu)
    {
        s_depth++;
        return new KernelThread(engine, cpu);
    }

    /// <summary>The thread acts as what it was before.</summary>
    public void Dispose()
    {
        s_depth--;
        _engine.EndKernelThread(_cpu);
    }
}
