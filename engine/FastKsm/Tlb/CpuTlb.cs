using System.Threading;

namespace FastKsm.Tlb;

/// <summary>What a CPU remembers of page tables, and the requests of others to forget.</summary>
/// <remarks>Thread safety: a thread drives it at a time; see the members.</remarks>
internal sealed class CpuTlb
{
    /// <summary>Address spaces whose translations a CPU can hold at once.</summary>
    internal const int MaxSlots = 6;

    /// <summary>The thread that drives it, as far as it still runs; null if there is none.</summary>
    internal Thread? Driver => null;

    /// <summary>A thread becomes the driver.</summary>
    internal void BeginDriving(Thread driver) => _ = driver;

    /// <summary>The driver leaves.</summary>
    internal void EndDriving()
    {
    }

    /// <summary>Switches to an address space; null to be idle, which keeps the translations (lazy).</summary>
    internal void SwitchTo(SpaceTranslations? next) => _ = next;

    /// <summary>Begins an access that needs no page table; true ends with <see cref="End"/>.</summary>
    internal bool TryBegin(ulong page, bool writes, out Pfn frame)
    {
        frame = default;
        return false;
    }

    /// <summary>The same for what the first-level TLB does not hold.</summary>
    internal bool TryBeginL2(ulong page, bool writes, out Pfn frame)
    {
        frame = default;
        return false;
    }

    /// <summary>
    /// Begins an access through what the walker has read, under the leaf's latch, accessed and dirty set; ends with <see cref="End"/>.
    /// </summary>
    internal Pfn BeginFilled(ulong page, Translation translation, bool writes) => translation.Frame;

    /// <summary>The access is over.</summary>
    internal void End()
    {
    }

    /// <summary>The driver does what others have asked for.</summary>
    internal void Drain()
    {
    }
}
