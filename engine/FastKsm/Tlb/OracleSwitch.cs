using System;

namespace FastKsm.Tlb;

/// <summary>Whether machines of this program have a <see cref="TranslationOracle"/>.</summary>
/// <remarks>
/// On in debug builds, and where the runtime configuration sets <c>FastKsm.Tlb.Oracle</c>, as that of the tests does.
/// A static readonly field is a constant to the JIT compiler, so that what depends on it costs nothing where it is off.
/// </remarks>
internal static class OracleSwitch
{
#if DEBUG
    private const bool Default = true;
#else
    private const bool Default = false;
#endif

    /// <summary>Whether it is on.</summary>
    internal static readonly bool IsOn =
        AppContext.TryGetSwitch("FastKsm.Tlb.Oracle", out bool isOn) ? isOn : Default;
}
