using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastKsm.Tlb;

/// <summary>A CPU's TLB state in native memory, parted by its writers.</summary>
/// <remarks>
/// The first line is the driver's: an access that hits writes here and reads the second, which others write when they
/// have a request. The third is written at switches and read by flushes that choose their targets.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 768)]
internal struct CpuTlbState
{
    /// <summary>
    /// The access section: the key under which the translation of the page is looked for, so that one word tells page
    /// and address space; 0 outside of any.
    /// </summary>
    [FieldOffset(0)]
    internal ulong Section;

    /// <summary>The loaded address space's tag.</summary>
    [FieldOffset(8)]
    internal ulong Tag;

    /// <summary>Sections begun.</summary>
    [FieldOffset(16)]
    internal ulong Begun;

    /// <summary>Sections that were no first-level hit.</summary>
    [FieldOffset(24)]
    internal ulong NotHits;

    /// <summary>
    /// What the driver has to do before it uses the TLB again; see <see cref="Pending"/>. Written under the latch.
    /// </summary>
    [FieldOffset(128)]
    internal int Pending;

    /// <summary>Guards the queue of requests, and all state but the driver's line.</summary>
    [FieldOffset(132)]
    internal int Latch;

    /// <summary>Context id of the loaded address space; 0 for the kernel's own.</summary>
    [FieldOffset(256)]
    internal ulong LoadedContext;

    /// <summary>Whether the CPU is idle or runs a kernel thread, and only keeps the address space loaded.</summary>
    [FieldOffset(264)]
    internal int IsLazy;

    /// <summary>Which address spaces the CPU holds translations of, and how new.</summary>
    [FieldOffset(384)]
    internal Slots Contexts;

    /// <summary>The slots.</summary>
    [InlineArray(CpuTlb.MaxSlots)]
    internal struct Slots
    {
        private ContextSlot _first;
    }
}
