using System.Collections.Generic;
using FastKsm.Scripting;

namespace FastKsm.Cli.Conformance;

/// <summary>What came of a script performed on several sides, and how much of it was compared.</summary>
internal sealed class ComparisonResult
{
    /// <summary>Name of the script.</summary>
    internal required string File { get; init; }

    /// <summary>What came of it.</summary>
    internal ComparisonOutcome Outcome { get; set; }

    /// <summary>Where it ended, if it did so before its end.</summary>
    internal SourcePosition Position { get; set; }

    /// <summary>The operation where it ended, as scripts write it.</summary>
    internal string Operation { get; set; } = string.Empty;

    /// <summary>Which of the scans and batches it was, from 1; 0 before the first one.</summary>
    internal int Scans { get; set; }

    /// <summary>Why it ended there; empty where the differences say it.</summary>
    internal string Reason { get; set; } = string.Empty;

    /// <summary>What differs; only of the first point where something does.</summary>
    internal List<Difference> Differences { get; } = [];

    /// <summary>Checks that one side cannot make, each with its place and the reason.</summary>
    internal List<string> SkippedChecks { get; } = [];

    /// <summary>Sides that were left out from some line on, each with the reason.</summary>
    internal List<string> LeftOut { get; } = [];

    /// <summary>Whether flush operations differ and something has disturbed them, so that another try is worth while.</summary>
    internal bool IsDisturbed { get; set; }

    /// <summary>How often the script was begun again because of that.</summary>
    internal int Repeats { get; set; }

    /// <summary>Operations performed on all sides.</summary>
    internal int Operations { get; set; }

    /// <summary>Of those, the ones that all sides refused with the same error.</summary>
    internal int Refusals { get; set; }

    /// <summary>Values compared: counters, and places of pages.</summary>
    internal long Compared { get; set; }
}
