using System.Diagnostics;
using System.Globalization;

namespace FastKsm.Swapping;

/// <summary>Names a swap slot: <c>[34..30] device  [29..0] offset</c>. Offset 0 is a device's header, so the default
/// names none.</summary>
/// <param name="Value">The 35 bits.</param>
internal readonly record struct SwapEntry(ulong Value)
{
    /// <summary>Bits in use.</summary>
    internal const int Bits = 35;

    private const ulong OffsetMask = SwapLimits.MaxSlots - 1;

    /// <param name="device">Number of the device.</param>
    /// <param name="offset">Slot on it.</param>
    internal SwapEntry(int device, uint offset)
        : this(((ulong)(uint)device << SwapLimits.OffsetBits) | offset) =>
        Debug.Assert(device is >= 0 and < 32 && offset <= OffsetMask, "The entry has no room for this.");

    /// <summary>No slot.</summary>
    internal static SwapEntry None => default;

    /// <summary>Whether it names a slot.</summary>
    internal bool IsSome => (Value & OffsetMask) != 0;

    /// <summary>Number of the device; Linux's type.</summary>
    internal int Device => (int)(Value >> SwapLimits.OffsetBits);

    /// <summary>Slot on the device.</summary>
    internal uint Offset => (uint)(Value & OffsetMask);

    /// <summary>The cluster that has the slot.</summary>
    internal uint Cluster => Offset >> SwapLimits.ClusterShift;

    /// <summary>The slot's place in its cluster.</summary>
    internal int Position => (int)(Value & (SwapLimits.ClusterSlots - 1));

    /// <summary>The slot some places further on the same device.</summary>
    internal SwapEntry Plus(uint slots) => new(Value + slots);

    /// <summary>The first slot of the aligned run of 2^order slots around this one.</summary>
    internal SwapEntry RoundDown(int order) => new(Value >> order << order);

    /// <summary>Renders as <c>swap:0/513</c>.</summary>
    public override string ToString() =>
        IsSome ? string.Create(CultureInfo.InvariantCulture, $"swap:{Device}/{Offset}") : "swap:none";
}
