namespace FastKsm;

/// <summary>How a swap device's tables are stored.</summary>
public enum SwapLayoutKind
{
    /// <summary>Linux 6.18: arrays for every slot of the device, there from mounting on, and a table of 8-byte entries
    /// for each cluster in use.</summary>
    Legacy,

    /// <summary>Linux's phase IV (2026): 48 bytes for each cluster of 512 slots, and a table of 8-byte entries for
    /// each cluster in use.</summary>
    Faithful,

    /// <summary>Our own: 24 bytes for each cluster, touched when it is first used, and 4-byte entries, 64 bytes while
    /// few slots are in use.</summary>
    Compact,
}
