using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Enumeration;
using System.Linq;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Which processes are meant: the union of pids, name patterns and users, or all.</summary>
/// <param name="Pids">Process ids.</param>
/// <param name="NamePatterns">Patterns with <c>*</c> and <c>?</c>, matched against the whole name, case-sensitive.</param>
/// <param name="UserIds">Real user ids.</param>
/// <param name="All">Every process but this one.</param>
internal sealed record ProcessSelection(
    IReadOnlyList<int> Pids, IReadOnlyList<string> NamePatterns, IReadOnlyList<uint> UserIds, bool All)
{
    private static readonly TimeSpan s_longestCall = TimeSpan.FromSeconds(2);

    /// <summary>The pids that are meant, ascending; those of <see cref="Pids"/> whether they exist or not.</summary>
    internal IReadOnlyList<int> FindPids()
    {
        SortedSet<int> pids = [.. Pids];
        if (All || NamePatterns.Count > 0 || UserIds.Count > 0)
        {
            // To read a command line takes the process's mmap lock.
            WatchedThreads.Visit(
                [.. RunningPids().Where(pid => pid != ProcMount.Host.OwnPid)],
                pid => _ = (All || Matches(pid)) && pids.Add(pid),
                s_longestCall);
        }

        return [.. pids];
    }

    private bool Matches(int pid)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/");
        return (NamePatterns.Count > 0
                && ProcFile.TryReadText(directory + "stat") is { } text
                && ProcessStat.TryParse(text, out ProcessStat stat)
                && NamePatterns.Any(pattern => Matches(pattern, stat.Name) || Matches(pattern, ProgramName(directory))))
            || (UserIds.Count > 0
                && ProcFile.TryReadText(directory + "status") is { } status
                && UserIds.Contains(StatusFields.UserId(status)));
    }

    private static bool Matches(string pattern, string name) =>
        name.Length > 0 && FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    // comm holds 15 bytes and threads rename it; the file name of the first argument is what people type.
    private static string ProgramName(string directory)
    {
        string? arguments = ProcFile.TryReadText(directory + "cmdline");
        return arguments is null ? string.Empty : Path.GetFileName(arguments.Split('\0', 2)[0]);
    }

    private static IEnumerable<int> RunningPids() => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
        .Where(pid => pid > 0);
}
