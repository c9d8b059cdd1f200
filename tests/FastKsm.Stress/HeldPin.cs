namespace FastKsm.Stress;

/// <summary>A frame that a driver has borrowed, and what must stand in it.</summary>
/// <param name="Pin">The loan.</param>
/// <param name="View">Of the process.</param>
/// <param name="Index">Slot that is looked at.</param>
/// <param name="ZeroAt">Number of the last emptying of the page: after another one the page has another frame.</param>
internal sealed record HeldPin(FramePin Pin, DriverView View, int Index, int ZeroAt);
