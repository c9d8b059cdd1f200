using System;
using System.Collections.Generic;
using FastKsm.Cli.Evaluation.Templates;
using FastKsm.Cli.Offline;

namespace FastKsm.Cli.Evaluation;

/// <summary>What an evaluation assumes and how it runs.</summary>
/// <param name="MaxPageSharing">Addresses that share one frame at most; at least 2.</param>
/// <param name="UseZeroPages">Whether pages of zeroes would be replaced by the zero frame.</param>
/// <param name="OnlyMarked">Count only VMAs that are marked mergeable today.</param>
/// <param name="Threads">Threads that read and hash; at least one.</param>
/// <param name="Observe">Read everything a second time after this long, to tell the pages that change; zero for once.</param>
/// <param name="MergeAcrossNodes">Whether equal pages of different NUMA nodes merge.</param>
internal sealed record EvaluationOptions(
    int MaxPageSharing,
    bool UseZeroPages,
    bool OnlyMarked,
    int Threads,
    TimeSpan Observe = default,
    bool MergeAcrossNodes = true)
{
    /// <summary>
    /// Longest time that one call of the kernel about a process may take. The longest calls that end by themselves count
    /// the pages of one VMA for smaps: some seconds for a VMA of a terabyte.
    /// </summary>
    internal TimeSpan LongestCall { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>By what the saving is divided; null for not at all.</summary>
    internal OwnerKind? By { get; init; }

    /// <summary>Memory in files that is evaluated beside the processes.</summary>
    internal IReadOnlyList<MemoryImage> Images { get; init; } = [];

    /// <summary>The snapshot with which all are compared; null for none.</summary>
    internal Template? Template { get; init; }

    /// <summary>Whether pages are compressed too.</summary>
    internal bool Compress { get; init; }

    /// <summary>Whether pages that are nearly equal are looked for.</summary>
    internal bool Nearly { get; init; }
}
