using System.Collections.Generic;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>What a selection found.</summary>
/// <param name="Pids">The pids that are meant, ascending; those asked for by number whether they exist or not.</param>
/// <param name="UnmatchedNames">Names and patterns that no process has.</param>
/// <param name="UnmatchedUserIds">Users of whom no process runs.</param>
/// <param name="RunningNames">Names of the processes that run; empty where no name was asked for.</param>
internal sealed record SelectedProcesses(
    IReadOnlyList<int> Pids,
    IReadOnlyCollection<string> UnmatchedNames,
    IReadOnlyCollection<uint> UnmatchedUserIds,
    IReadOnlyCollection<string> RunningNames);
