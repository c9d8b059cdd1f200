namespace FastKsm.Swapping;

/// <summary>What a device is like, as sampled when it is mounted.</summary>
internal sealed record SwapDeviceOptions
{
    /// <summary>Priority that the user asks for, 0 to 32767; null for the default.</summary>
    internal int? Priority { get; init; }

    /// <summary>A disk that turns: one cursor for all CPUs, so that what is written is sequential.</summary>
    internal bool IsRotational { get; init; }

    /// <summary>Reads and writes are done at once, as with zram.</summary>
    internal bool IsSynchronous { get; init; }

    /// <summary>A file rather than a block device: holds single pages only.</summary>
    internal bool IsPlainFile { get; init; }

    /// <summary>The file has holes.</summary>
    internal bool HasHoles { get; init; }

    /// <summary>Whether clusters that have become empty are discarded before they are used again.</summary>
    internal bool DiscardsClusters { get; init; }

    /// <summary>Whether the whole device is discarded when it is mounted.</summary>
    internal bool DiscardsAtMount { get; init; }

    /// <summary>Tier, 0 to 7; groups may be kept from some.</summary>
    internal int Tier { get; init; }
}
