using System;
using System.Globalization;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>One mounted <c>/proc</c>: whose process ids it shows, and what it hides.</summary>
/// <remarks>
/// A <c>/proc</c> may belong to another pid namespace than this process (<c>unshare --pid</c> without a new
/// <c>/proc</c>, <c>nsenter -m</c>). Its files are right, its ids are not: a system call that takes an id would reach
/// another process. So <see cref="IsOwnNamespace"/> decides whether ids may be passed to system calls.
/// Thread safety: immutable.
/// </remarks>
internal sealed class ProcMount
{
    private static readonly Lazy<ProcMount> s_host = new(() => Inspect("/proc"));

    private ProcMount(string root) => Root = root;

    /// <summary>The host's own.</summary>
    internal static ProcMount Host => s_host.Value;

    /// <summary>Its directory, without a slash at the end.</summary>
    internal string Root { get; }

    /// <summary>This process's id there; 0 where it is not to be seen.</summary>
    internal int OwnPid { get; private init; }

    /// <summary>Whether the ids it shows are those that system calls of this process take.</summary>
    internal bool IsOwnNamespace { get; private init; }

    /// <summary>The mount option <c>hidepid</c> as the kernel shows it, such as <c>invisible</c>; empty for none.</summary>
    internal string HidePid { get; private init; } = string.Empty;

    /// <summary>Whether it shows processes and nothing else (mount option <c>subset=pid</c>).</summary>
    internal bool ShowsProcessesOnly { get; private init; }

    /// <summary>What is known of the KSM bit of its kpageflags; null: to be probed. A recorded tree says it.</summary>
    internal KsmBit? KsmBit { get; init; }

    /// <summary>The host's KSM as a recorded tree has it; null: to be read.</summary>
    internal HostKsm? Ksm { get; init; }

    /// <summary>Looks at a directory: a mounted <c>/proc</c>, or a recorded tree of its files.</summary>
    /// <param name="root">The directory, without a slash at the end.</param>
    /// <param name="ksmBit">What its KSM bit is worth; null: to be probed.</param>
    /// <param name="ksm">Its host's KSM; null: to be read.</param>
    /// <param name="mayPassIds">Whether its ids may be passed to system calls, if they are those of this process.</param>
    internal static ProcMount Inspect(string root, KsmBit? ksmBit = null, HostKsm? ksm = null, bool mayPassIds = true)
    {
        string options = OptionsOf(root);
        int own = int.TryParse(
            ProcFile.TryReadLink(root + "/self"), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0;
        return new ProcMount(root)
        {
            OwnPid = own,
            IsOwnNamespace = mayPassIds && own == Environment.ProcessId && own != 0 && NamespacesFrom(root) <= 1,
            HidePid = Option(options, "hidepid="),
            ShowsProcessesOnly = string.Equals(Option(options, "subset="), "pid", StringComparison.Ordinal),
            KsmBit = ksmBit,
            Ksm = ksm,
        };
    }

    /// <summary>Path of a process's directory.</summary>
    internal string PathOf(int pid) => string.Create(CultureInfo.InvariantCulture, $"{Root}/{pid}");

    /// <summary>Whether a process exists although this mount does not show it.</summary>
    internal bool Hides(int pid)
    {
        const int NoSignal = 0; // kill(2) then checks the id and sends nothing.
        return IsOwnNamespace
            && (LinuxNative.kill(pid, NoSignal) == 0
                || System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == LinuxNative.ErrorNotPermitted);
    }

    // NSpid lists this process's ids in the mount's namespace and in those below it, down to its own: a second id means
    // that the mount's namespace is another one, even where the numbers happen to be equal.
    private static int NamespacesFrom(string root)
    {
        foreach (string line in (ProcFile.TryReadText(root + "/self/status") ?? string.Empty).Split('\n'))
        {
            if (line.StartsWith("NSpid:", StringComparison.Ordinal))
            {
                return line.Split('\t', StringSplitOptions.RemoveEmptyEntries).Length - 1;
            }
        }

        return 0;
    }

    // 24 1 0:22 / /proc rw,nosuid - proc proc rw,hidepid=invisible,subset=pid; the last mount on a place covers the others.
    private static string OptionsOf(string root)
    {
        const int MountPointField = 4;
        string found = string.Empty;
        foreach (string line in (ProcFile.TryReadText(root + "/self/mountinfo") ?? string.Empty).Split('\n'))
        {
            int separator = line.IndexOf(" - proc ", StringComparison.Ordinal);
            if (separator > 0
                && line[..separator].Split(' ') is { Length: > MountPointField } fields
                && string.Equals(fields[MountPointField], root, StringComparison.Ordinal))
            {
                found = line[(line.LastIndexOf(' ') + 1)..];
            }
        }

        return found;
    }

    private static string Option(string options, string name)
    {
        foreach (string option in options.Split(','))
        {
            if (option.StartsWith(name, StringComparison.Ordinal))
            {
                string value = option[name.Length..];
                return value is "0" or "off" ? string.Empty : value;
            }
        }

        return string.Empty;
    }
}
