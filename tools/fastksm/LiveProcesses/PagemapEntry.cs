namespace FastKsm.Cli.LiveProcesses;

/// <summary>One 64-bit entry of <c>/proc/PID/pagemap</c>.</summary>
/// <param name="Value">The entry as read.</param>
internal readonly record struct PagemapEntry(ulong Value)
{
    private const ulong PresentBit = 1UL << 63;
    private const ulong SwappedBit = 1UL << 62;
    private const ulong FileBit = 1UL << 61;
    private const ulong ExclusiveBit = 1UL << 56;
    private const int SwapTypeBits = 5;
    private const ulong FrameMask = (1UL << 55) - 1;

    /// <summary>Whether a page is there and is no page of a file or of shared memory.</summary>
    internal bool IsPresentAnonymous => (Value & (PresentBit | FileBit)) == PresentBit;

    /// <summary>Whether the PTE is a swap entry.</summary>
    internal bool IsSwapped => (Value & SwappedBit) != 0;

    /// <summary>Of a swap entry the number of the device: Linux's type.</summary>
    internal int SwapType => (int)(Value & ((1 << SwapTypeBits) - 1));

    /// <summary>Of a swap entry the slot on the device.</summary>
    internal ulong SwapOffset => (Value & FrameMask) >> SwapTypeBits;

    /// <summary>Whether this is the only mapping of the frame.</summary>
    internal bool IsExclusive => (Value & ExclusiveBit) != 0;

    /// <summary>Page frame number; 0 where the host hides it from this user.</summary>
    internal ulong Frame => (Value & PresentBit) != 0 ? Value & FrameMask : 0;
}
