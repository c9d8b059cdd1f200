using System.Threading;

namespace FastKsm.Cli.Evaluation;

/// <summary>How far an evaluation has come. Thread safety: written by its threads, read by any.</summary>
internal sealed class EvaluationProgress
{
    private long _pagesFound;
    private long _pagesRead;
    private int _processesOpened;

    /// <summary>Processes that will be looked at.</summary>
    internal int ProcessCount { get; set; }

    /// <summary>Processes looked at so far.</summary>
    internal int ProcessesOpened => Volatile.Read(ref _processesOpened);

    /// <summary>Pages found so far.</summary>
    internal long PagesFound => Interlocked.Read(ref _pagesFound);

    /// <summary>Pages read so far.</summary>
    internal long PagesRead => Interlocked.Read(ref _pagesRead);

    /// <summary>Counts one more process.</summary>
    internal void Opened() => _ = Interlocked.Increment(ref _processesOpened);

    /// <summary>Counts pages found.</summary>
    internal void Found(long pages) => _ = Interlocked.Add(ref _pagesFound, pages);

    /// <summary>Counts pages read.</summary>
    internal void Read(long pages) => _ = Interlocked.Add(ref _pagesRead, pages);
}
