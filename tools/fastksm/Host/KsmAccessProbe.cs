using System.IO;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>Asks whether the kernel has KSM, and whether its settings are to be seen.</summary>
internal static class KsmAccessProbe
{
    /// <summary>The finding.</summary>
    internal static KsmAccess Ask(HostKsm host) => new(host.IsPresent, host.SettingsAreKnown, Sentence(host));

    private static string Sentence(HostKsm host)
    {
        const string Defaults = "no setting of this host could be read, and Linux's defaults were assumed.";
        if (host.SettingsAreKnown)
        {
            return string.Empty;
        }

        bool isSysfsMounted = Directory.Exists("/sys/kernel");
        return host.IsPresent
            ? $"{(isSysfsMounted ? "/sys/kernel/mm/ksm is not there" : "/sys is not mounted")}: {Defaults}"
            : isSysfsMounted
                ? "This kernel has no KSM; the forecast is for one that has (CONFIG_KSM)."
                : $"/sys is not mounted, so it can't be told whether this kernel has KSM: {Defaults}";
    }
}
