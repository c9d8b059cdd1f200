using System;
using System.Runtime.CompilerServices;

namespace FastKsm.Stress;

/// <summary>
/// Turns the engine's own checks on or off before any of it runs: FASTKSM_CHECKS=1 turns them on. Bugs can always be planted.
/// </summary>
internal static class EngineChecks
{
    /// <summary>Whether the oracle and the lock ranks are on.</summary>
    internal static bool AreOn =>
        string.Equals(Environment.GetEnvironmentVariable("FASTKSM_CHECKS"), "1", StringComparison.Ordinal);

#pragma warning disable CA2255 // The switches are constants of the process from the engine's first use on.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Set()
    {
        AppContext.SetSwitch("FastKsm.Tlb.Oracle", AreOn);
        AppContext.SetSwitch("FastKsm.Primitives.LockRanks", AreOn);
        AppContext.SetSwitch("FastKsm.Tlb.PlantedBugs", true);
    }
}
