using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>Shows on stderr how far an evaluation has come: one line written over on a terminal, plain lines elsewhere.</summary>
/// <remarks>
/// Silent for evaluations that are over at once. The line on a terminal is never as wide as the terminal, which would fold it,
/// and changes each time, so that waiting does not look like hanging.
/// Thread safety: a timer's thread writes, the creator disposes; a process that exits meanwhile wipes the line.
/// </remarks>
internal sealed class ProgressDisplay : IDisposable
{
    private const int BarWidth = 20;
    private const string Wheel = "|/-\\";

    private static readonly TimeSpan s_terminalPeriod = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan s_plainPeriod = TimeSpan.FromSeconds(10);

    private readonly EvaluationProgress _progress;
    private readonly TerminalTraits _terminal;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Timer _timer;
    private readonly Lock _writing = new();
    private bool _hasWritten;
    private bool _hasEnded;
    private int _turn;

    private ProgressDisplay(EvaluationProgress progress, TerminalTraits terminal)
    {
        _progress = progress;
        _terminal = terminal;
        TimeSpan period = terminal.IsRewritable ? s_terminalPeriod : s_plainPeriod;
        _timer = new Timer(_ => Show(), null, period, period);
        AppDomain.CurrentDomain.ProcessExit += Wipe;
    }

    /// <summary>Begins to show.</summary>
    internal static ProgressDisplay Start(EvaluationProgress progress) => new(progress, StandardError.Traits);

    /// <inheritdoc/>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Wipe;
        using ManualResetEvent done = new(false);
        if (_timer.Dispose(done))
        {
            _ = done.WaitOne();
        }

        Wipe(null, EventArgs.Empty);
    }

    /// <summary>The line as it is at a moment.</summary>
    /// <param name="progress">How far it has come.</param>
    /// <param name="elapsed">Time since the beginning.</param>
    /// <param name="turn">How often it has been shown.</param>
    /// <param name="width">Columns that it may take; null for any.</param>
    internal static string Line(EvaluationProgress progress, TimeSpan elapsed, int turn, int? width)
    {
        double bytes = progress.PagesRead * (double)Environment.SystemPageSize;
        double left = Math.Max(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), progress.WaitsUntil).TotalSeconds, 0);
        string done = progress.WaitsUntil > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{progress.Phase}: {left:F1} s left")
            : progress.Phase.Length > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{progress.Phase}, {Wording.Bytes(bytes)} read, {elapsed.TotalSeconds:F1} s")
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{progress.ProcessesOpened} of {progress.ProcessCount} processes, {Wording.Bytes(bytes)} read, {elapsed.TotalSeconds:F1} s");
        if (width is not { } columns)
        {
            return done;
        }

        // Pages are found just ahead of reading them, so processes say how far it is to the end.
        int full = progress.ProcessCount == 0 ? 0 : Math.Min(BarWidth * progress.ProcessesOpened / progress.ProcessCount, BarWidth);
        string bar = $"[{new string('#', full)}{new string('.', BarWidth - full)}] ";
        string line = $"{Wheel[turn % Wheel.Length]} {done}";
        line = bar.Length + line.Length <= columns ? bar + line : line;
        return line.Length <= columns ? line : line[..Math.Max(columns, 0)];
    }

    private void Show()
    {
        lock (_writing)
        {
            if (_hasEnded)
            {
                return;
            }

            TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
            if (_terminal.IsRewritable)
            {
                StandardError.Write($"\r{Line(_progress, elapsed, _turn++, Math.Max((_terminal.Width ?? TerminalTraits.UsualWidth) - 1, 1))}\u001b[K");
            }
            else
            {
                StandardError.Write($"fastksm: {Line(_progress, elapsed, _turn++, null)}\n");
            }

            _hasWritten = true;
        }
    }

    private void Wipe(object? sender, EventArgs arguments)
    {
        lock (_writing)
        {
            _hasEnded = true;
            if (_terminal.IsRewritable && _hasWritten)
            {
                StandardError.Write("\r\u001b[K");
            }
        }
    }
}
