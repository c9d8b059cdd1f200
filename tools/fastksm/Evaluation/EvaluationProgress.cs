using System;
using System.Diagnostics;
using System.Threading;

namespace FastKsm.Cli.Evaluation;

/// <summary>How far an evaluation has come. Thread safety: written by its threads, read by any.</summary>
internal sealed class EvaluationProgress
{
    private long _pagesFound;
    private long _pagesRead;
    private int _processesOpened;
    private string _phase = string.Empty;
    private long _waitsUntil;

    /// <summary>Processes that will be looked at.</summary>
    internal int ProcessCount { get; set; }

    /// <summary>Processes looked at so far.</summary>
    internal int ProcessesOpened => Volatile.Read(ref _processesOpened);

    /// <summary>Pages found so far.</summary>
    internal long PagesFound => Interlocked.Read(ref _pagesFound);

    /// <summary>Pages read so far.</summary>
    internal long PagesRead => Interlocked.Read(ref _pagesRead);

    /// <summary>What is being done, in words; empty while processes are read.</summary>
    internal string Phase
    {
        get => Volatile.Read(ref _phase);
        private set => Volatile.Write(ref _phase, value);
    }

    /// <summary>When a wait ends, by <see cref="Stopwatch"/>; 0 for none.</summary>
    internal long WaitsUntil => Interlocked.Read(ref _waitsUntil);

    /// <summary>Begins something else.</summary>
    /// <param name="phase">What, in words; empty for reading.</param>
    internal void Begin(string phase)
    {
        _ = Interlocked.Exchange(ref _waitsUntil, 0);
        Phase = phase;
    }

    /// <summary>Begins to wait.</summary>
    /// <param name="phase">For what.</param>
    /// <param name="time">How long.</param>
    internal void Wait(string phase, TimeSpan time)
    {
        Phase = phase;
        _ = Interlocked.Exchange(ref _waitsUntil, Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency));
    }

    /// <summary>Counts one more process.</summary>
    internal void Opened() => _ = Interlocked.Increment(ref _processesOpened);

    /// <summary>Counts pages found.</summary>
    internal void Found(long pages) => _ = Interlocked.Add(ref _pagesFound, pages);

    /// <summary>Counts pages read.</summary>
    internal void Read(long pages) => _ = Interlocked.Add(ref _pagesRead, pages);
}
