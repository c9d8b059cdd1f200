namespace FastKsm.Scripting.Syntax;

/// <summary>What a swap device is like.</summary>
public sealed record SwapSettings
{
    /// <summary>What stands behind it; decides about cluster allocation and the swap cache.</summary>
    public SwapDeviceKind Kind { get; init; }

    /// <summary>Priority; null for Linux's next negative one.</summary>
    public int? Priority { get; init; }

    /// <summary>Last slot that the header claims; null for the device's last.</summary>
    public ulong? LastPage { get; init; }

    /// <summary>Version in the header; null for 1, the only good one.</summary>
    public int? Version { get; init; }

    /// <summary>Whether the header's magic word is wrong.</summary>
    public bool BadMagic { get; init; }

    /// <summary>Slots that the header lists as bad, in its order.</summary>
    public ValueList<PageSelection> Bad { get; init; } = [];
}
