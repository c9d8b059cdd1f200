using System.Threading;

namespace FastKsm.Tlb;

/// <summary>What the CPUs have to know of an address space to keep their translations of it true (Linux: mm context).</summary>
/// <remarks>Thread safety: all members may be called concurrently, but for <see cref="Begin"/>.</remarks>
internal sealed class SpaceTranslations
{
    private ulong _contextId;
    private ulong _generation = 1;

    /// <summary>Makes one that no CPU has seen.</summary>
    /// <param name="cpus">CPUs of the machine.</param>
    internal SpaceTranslations(int cpus) => _ = cpus;

    /// <summary>Unique, never used again; 0 before the first <see cref="Begin"/>.</summary>
    internal ulong ContextId => Volatile.Read(ref _contextId);

    /// <summary>Flushes so far, and one (<c>tlb_gen</c>).</summary>
    internal ulong Generation => Volatile.Read(ref _generation);

    /// <summary>Gathers under way (<c>tlb_flush_pending</c>).</summary>
    internal int FlushPending => 0;

    /// <summary>Serves another address space from here on. No CPU has it loaded.</summary>
    /// <param name="contextId">An id that no other address space has had; not 0.</param>
    internal void Begin(ulong contextId) => _contextId = contextId;
}
