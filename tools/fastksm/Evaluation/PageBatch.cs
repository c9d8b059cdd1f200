using System.Collections.Generic;
using System.Diagnostics;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Extensions.ObjectPool;

namespace FastKsm.Cli.Evaluation;

/// <summary>A piece of work for one reading thread: some runs of pages of one process.</summary>
/// <remarks>Pooled. Thread safety: owned by one thread at a time.</remarks>
internal sealed class PageBatch : IResettable
{
    /// <summary>Pages in one batch at most: large enough that handing it over costs nothing, small enough to balance.</summary>
    internal const int Capacity = 2048;

    private readonly List<PageRun> _runs = [];

    /// <summary>The process; set by <see cref="Begin"/>.</summary>
    internal LiveProcess? Process { get; private set; }

    /// <summary>Place of the first page in the order of visits; the others follow.</summary>
    internal int FirstOrdinal { get; private set; }

    /// <summary>Whether the pages were read before: then what matters is whether they changed.</summary>
    internal bool IsSecondLook { get; set; }

    /// <summary>Number of pages in all runs.</summary>
    internal int PageCount { get; private set; }

    /// <summary>The runs, ascending.</summary>
    internal IReadOnlyList<PageRun> Runs => _runs;

    /// <summary>Starts over for a process.</summary>
    internal void Begin(LiveProcess process, int firstOrdinal)
    {
        Process = process;
        FirstOrdinal = firstOrdinal;
    }

    /// <summary>Adds a run; it must fit.</summary>
    internal void Add(PageRun run)
    {
        Debug.Assert(PageCount + run.PageCount <= Capacity, "The producer cuts runs to fit.");
        _runs.Add(run);
        PageCount += run.PageCount;
    }

    /// <inheritdoc/>
    public bool TryReset()
    {
        _runs.Clear();
        Process = null;
        PageCount = 0;
        IsSecondLook = false;
        return true;
    }
}
