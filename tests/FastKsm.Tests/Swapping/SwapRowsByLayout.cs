#pragma warning disable MA0048 // One line for each layout and kind of row: together they are one table.
namespace FastKsm.Tests.Swapping;

public sealed class LegacySwapDeviceRows() : SwapDeviceRows("legacy");

public sealed class FaithfulSwapDeviceRows() : SwapDeviceRows("faithful");

public sealed class CompactSwapDeviceRows() : SwapDeviceRows("compact");

public sealed class LegacySwapAllocationRows() : SwapAllocationRows("legacy");

public sealed class FaithfulSwapAllocationRows() : SwapAllocationRows("faithful");

public sealed class CompactSwapAllocationRows() : SwapAllocationRows("compact");

public sealed class LegacySwapCountRows() : SwapCountRows("legacy");

public sealed class FaithfulSwapCountRows() : SwapCountRows("faithful");

public sealed class CompactSwapCountRows() : SwapCountRows("compact");
