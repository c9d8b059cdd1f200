using System;

namespace FastKsm.Tlb;

/// <summary>Whether tests of this program may plant a <see cref="PlantedBug"/>, or leave a flush out.</summary>
/// <remarks>
/// On where the runtime configuration sets <c>FastKsm.Tlb.PlantedBugs</c>, as that of the tests does. A static readonly
/// field is a constant to the JIT compiler: where it is off, a look for a bug is no code at all.
/// </remarks>
internal static class PlantedBugSwitch
{
    /// <summary>Whether it is on.</summary>
    internal static readonly bool IsOn =
        AppContext.TryGetSwitch("FastKsm.Tlb.PlantedBugs", out bool isOn) && isOn;
}
