using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Enumeration;
using System.Linq;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Which processes are meant: the union of pids, names, patterns and users, or all; less those that are excluded.</summary>
/// <param name="Pids">Process ids.</param>
/// <param name="NamePatterns">Patterns with <c>*</c> and <c>?</c>, matched against the whole name, case-sensitive.</param>
/// <param name="UserIds">Real user ids.</param>
/// <param name="All">Every process but this one.</param>
internal sealed record ProcessSelection(
    IReadOnlyList<int> Pids, IReadOnlyList<string> NamePatterns, IReadOnlyList<uint> UserIds, bool All)
{
    private static readonly TimeSpan s_longestCall = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Names as people type them: a name is meant whole, or as its beginning up to a digit or a sign
    /// (<c>python</c> is also <c>python3.12</c>, <c>redis</c> also <c>redis-server</c>); with <c>*</c> or <c>?</c> it is a pattern.
    /// </summary>
    internal IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Patterns of names that are left out, as for <see cref="Names"/>.</summary>
    internal IReadOnlyList<string> Excluded { get; init; } = [];

    /// <summary>Whether nothing is asked for.</summary>
    internal bool IsEmpty => !All && Pids.Count + NamePatterns.Count + UserIds.Count + Names.Count == 0;

    /// <summary>Finds what is meant.</summary>
    internal SelectedProcesses Find()
    {
        SortedSet<int> pids = [.. Pids];
        HashSet<string> unmatched = new(NamePatterns.Concat(Names).Concat(Excluded), StringComparer.Ordinal);
        HashSet<uint> unmatchedUsers = [.. UserIds];
        SortedSet<string> names = new(StringComparer.Ordinal);
        if (All || NamePatterns.Count + UserIds.Count + Names.Count + Excluded.Count > 0)
        {
            // To read a command line takes the process's mmap lock.
            WatchedThreads.Visit(
                [.. RunningPids().Where(pid => pid != ProcMount.Host.OwnPid)],
                pid => Visit(pid, pids, unmatched, unmatchedUsers, names),
                s_longestCall);
        }

        return new SelectedProcesses([.. pids], unmatched, unmatchedUsers, names);
    }

    /// <summary>Whether a name as people type it means a process.</summary>
    internal static bool IsMeant(string typed, string name)
    {
        if (typed.AsSpan().ContainsAny('*', '?'))
        {
            return Matches(typed, name);
        }

        return name.StartsWith(typed, StringComparison.Ordinal)
            && (name.Length == typed.Length || !(char.IsLetter(name[typed.Length]) || name[typed.Length] == '_'));
    }

    private void Visit(int pid, SortedSet<int> pids, HashSet<string> unmatched, HashSet<uint> unmatchedUsers, SortedSet<string> names)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/");
        bool isMeant = All;
        if (NamePatterns.Count + Names.Count + Excluded.Count > 0
            && ProcFile.TryReadText(directory + "stat") is { } text && ProcessStat.TryParse(text, out ProcessStat stat))
        {
            string program = ProgramName(directory);
            _ = names.Add(stat.Name);
            isMeant |= Any(NamePatterns, Matches, stat.Name, program, unmatched);
            isMeant |= Any(Names, IsMeant, stat.Name, program, unmatched);
            if (Any(Excluded, IsMeant, stat.Name, program, unmatched))
            {
                _ = pids.Remove(pid);
                return;
            }
        }

        if (UserIds.Count > 0 && ProcFile.TryReadText(directory + "status") is { } status
            && UserIds.Contains(StatusFields.UserId(status)))
        {
            _ = unmatchedUsers.Remove(StatusFields.UserId(status));
            isMeant = true;
        }

        _ = isMeant && pids.Add(pid);
    }

    // Each of them is tried, so that those that match nothing can be named.
    private static bool Any(
        IReadOnlyList<string> typed, Func<string, string, bool> matches, string name, string program, HashSet<string> unmatched)
    {
        bool any = false;
        foreach (string word in typed)
        {
            if (matches(word, name) || (program.Length > 0 && matches(word, program)))
            {
                _ = unmatched.Remove(word);
                any = true;
            }
        }

        return any;
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
