using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>Asks which processes a <c>/proc</c> shows, and whether its ids mean the same to system calls.</summary>
internal static class ProcAccessProbe
{
    /// <summary>The finding.</summary>
    internal static ProcAccess Ask(ProcMount mount)
    {
        bool hides = mount.HidePid.Length > 0 && !Capabilities.HasSysPtrace;
        List<string> sentences = [];
        if (!mount.IsOwnNamespace)
        {
            sentences.Add(
                $"{mount.Root} belongs to another pid namespace than this process: ids are those it shows, and pages are "
                + "read through its files alone.");
        }

        if (hides)
        {
            sentences.Add($"{mount.Root} hides the processes of other users (mounted with hidepid={mount.HidePid}).");
        }

        if (mount.ShowsProcessesOnly)
        {
            sentences.Add(
                $"{mount.Root} shows processes only (mounted with subset=pid), so kpageflags is missing: which pages are "
                + "KSM pages, and which are parts of huge pages, is told less exactly.");
        }

        return new ProcAccess(mount.IsOwnNamespace, hides, mount.ShowsProcessesOnly, string.Join(' ', sentences));
    }
}
