namespace FastKsm.Cli.Scenarios.SwapMetadata;

/// <summary>What a layout takes at one state of the device.</summary>
/// <param name="Layout">The layout.</param>
/// <param name="State">The state, in words.</param>
/// <param name="Occupancy">Share of the slots in use.</param>
/// <param name="UsedSlots">Slots in use.</param>
/// <param name="Usage">Bytes.</param>
/// <param name="Published">Bytes a slot of the device, as published; null for what nothing was published of.</param>
internal sealed record MetadataPoint(
    SwapLayoutKind Layout, string State, double Occupancy, long UsedSlots, SwapTableUsage Usage, double? Published);
