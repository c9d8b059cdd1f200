using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>
/// Finds out in which ways this host is what the tool could wish for: each answer by trying, not by the kernel's version.
/// </summary>
/// <remarks>Changes nothing on the host. Thread safety: all members may be called from any thread.</remarks>
internal static class HostTraits
{
    /// <summary>Probes everything; takes some milliseconds.</summary>
    internal static IReadOnlyList<HostTrait> Probe()
    {
        HostKsm ksm = HostKsm.Read();
        return
        [
            HostTrait.Full("kernel", "Linux " + ksm.KernelRelease),
            .. KsmTraits.Probe(ksm),
            .. ReadingTraits.Probe(),
            .. MemoryTraits.Probe(),
        ];
    }
}
