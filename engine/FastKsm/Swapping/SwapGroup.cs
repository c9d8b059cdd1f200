namespace FastKsm.Swapping;

/// <summary>A memory cgroup as swap sees it. Numbers of pages.</summary>
internal sealed class SwapGroup
{
    /// <summary>The group above it; 0 for none.</summary>
    internal ushort Parent { get; init; }

    /// <summary>v1: memory.limit_in_bytes.</summary>
    internal long MemoryLimit { get; init; } = long.MaxValue;

    /// <summary>v1: memory.memsw.limit_in_bytes. v2: memory.swap.max.</summary>
    internal long SwapLimit { get; init; } = long.MaxValue;

    /// <summary>v2: memory.swap.high.</summary>
    internal long SwapHigh { get; init; } = long.MaxValue;

    /// <summary>Tiers of devices that it may use: bit n for tier n.</summary>
    internal byte Tiers { get; init; } = byte.MaxValue;

    /// <summary>v1: pages in memory, its own and those of groups below it.</summary>
    internal long Memory;

    /// <summary>Slots charged to it and to groups below it.</summary>
    internal long Swap;

    /// <summary>v2: charges refused because of this group's limit; memory.swap.events' max.</summary>
    internal long MaxEvents;

    /// <summary>v2: allocations for this group, or one below it, that failed; memory.swap.events' fail.</summary>
    internal long FailEvents;
}
