using System;
using System.Globalization;
using System.IO;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>What a program inherits from the one that starts it, and .NET's runtime changes before any of our code runs.</summary>
/// <remarks>
/// The runtime ignores SIGPIPE, handles SIGTERM and raises the soft limit of open files to the hard one, and keeps no note of
/// what was there. The process that started this one passed its own on, so it is asked; where the two hard limits differ it
/// is known not to have passed on its limits. <c>dotnet run</c> is a .NET program too, and adds to the environment: then its
/// own parent is asked, and the environment is the one that it was started with. What a program in between changed and was
/// replaced by this one (<c>prlimit --nofile=512 fastksm exec …</c>) can't be known: such programs belong behind exec.
/// </remarks>
/// <param name="IgnoredSignals">Bit n - 1 for signal n.</param>
/// <param name="OpenFiles">Soft and hard limit of open files; null where they could not be read.</param>
/// <param name="Environment">Bytes of the environment, each variable ended by a zero byte; null for this process's.</param>
internal sealed record ParentState(ulong IgnoredSignals, (ulong Soft, ulong Hard)? OpenFiles, byte[]? Environment)
{
    /// <summary>Reads it. Null where <c>/proc</c> does not show the parent.</summary>
    /// <param name="proc">The folder of processes, such as <c>/proc</c>.</param>
    /// <param name="self">The folder of this process below it.</param>
    internal static ParentState? TryRead(string proc = "/proc", string self = "self")
    {
        string? parent = ParentOf(proc, self);
        byte[]? environment = null;
        if (parent is not null && IsDotnetRun(proc, parent))
        {
            environment = ProcFile.TryReadBytes(Path.Combine(proc, parent, "environ"));
            parent = ParentOf(proc, parent);
        }

        return parent is null || ProcFile.TryReadText(Path.Combine(proc, parent, "status")) is not { } status
            ? null
            : new ParentState(
                IgnoredIn(status), OpenFilesIn(ProcFile.TryReadText(Path.Combine(proc, parent, "limits"))), environment);
    }

    /// <summary>Whether it had this process ignore SIGPIPE.</summary>
    /// <remarks>
    /// Python ignores SIGPIPE and SIGXFSZ itself, and has what it starts ignore neither: SIGXFSZ, which the runtime leaves
    /// alone, tells. systemd has services ignore SIGPIPE and ignores it too.
    /// </remarks>
    /// <param name="own">The signals that this process ignores.</param>
    internal bool PassedOnPipe(ulong own) =>
        Ignores(IgnoredSignals, LinuxNative.SignalPipe) && AreInherited(own, LinuxNative.SignalFileSize);

    /// <summary>Whether it had this process ignore SIGTERM.</summary>
    /// <remarks>A shell at a terminal ignores it itself, together with the signals of job control, and passes none of them on.</remarks>
    /// <param name="own">The signals that this process ignores.</param>
    internal bool PassedOnTerminate(ulong own) => Ignores(IgnoredSignals, LinuxNative.SignalTerminate)
        && AreInherited(own, LinuxNative.SignalStop, LinuxNative.SignalTerminalInput, LinuxNative.SignalTerminalOutput);

    private bool AreInherited(ulong own, params ReadOnlySpan<int> witnesses)
    {
        foreach (int signal in witnesses)
        {
            if (Ignores(IgnoredSignals, signal) && !Ignores(own, signal))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Ignores(ulong mask, int signal) => (mask & (1UL << (signal - 1))) != 0;

    /// <summary>The mask of ignored signals in the text of a status file.</summary>
    internal static ulong IgnoredIn(string status)
    {
        foreach (ReadOnlySpan<char> line in status.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("SigIgn:", StringComparison.Ordinal)
                && ulong.TryParse(line["SigIgn:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong mask))
            {
                return mask;
            }
        }

        return 0;
    }

    /// <summary>The limits of open files in the text of a limits file.</summary>
    internal static (ulong Soft, ulong Hard)? OpenFilesIn(string? limits)
    {
        const string Name = "Max open files";
        foreach (ReadOnlySpan<char> line in limits.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(Name, StringComparison.Ordinal))
            {
                string[] fields = line[Name.Length..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return fields.Length >= 2 && TryLimit(fields[0], out ulong soft) && TryLimit(fields[1], out ulong hard) ? (soft, hard) : null;
            }
        }

        return null;
    }

    private static bool TryLimit(string text, out ulong limit)
    {
        limit = ulong.MaxValue;
        return text is "unlimited" || ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit);
    }

    private static string? ParentOf(string proc, string process) =>
        ProcFile.TryReadText(Path.Combine(proc, process, "status")) is { } status && StatusFields.Number(status, "PPid") is > 0 and { } parent
            ? parent.ToString(CultureInfo.InvariantCulture)
            : null;

    // dotnet run, or dotnet watch, with whatever options stand before the word.
    private static bool IsDotnetRun(string proc, string process)
    {
        string[] arguments = (ProcFile.TryReadText(Path.Combine(proc, process, "cmdline")) ?? string.Empty).Split('\0');
        return Path.GetFileName(arguments[0]) is "dotnet"
            && Array.Find(arguments[1..], argument => !argument.StartsWith('-')) is "run" or "watch";
    }
}
