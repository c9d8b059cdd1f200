using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using FastKsm.Cli.Evaluation;

namespace FastKsm.Cli.Output;

/// <summary>Shows on stderr how far an evaluation has come: one line rewritten on a terminal, plain lines elsewhere.</summary>
/// <remarks>Silent for evaluations that are over at once. Thread safety: a timer's thread writes, the creator disposes.</remarks>
internal sealed class ProgressDisplay : IDisposable
{
    private const int BarWidth = 30;

    private static readonly TimeSpan s_terminalPeriod = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan s_plainPeriod = TimeSpan.FromSeconds(2);

    private readonly EvaluationProgress _progress;
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Timer _timer;
    private readonly Lock _writing = new();
    private bool _hasWritten;

    private ProgressDisplay(EvaluationProgress progress)
    {
        _progress = progress;
        TimeSpan period = _isTerminal ? s_terminalPeriod : s_plainPeriod;
        _timer = new Timer(_ => Show(), null, period, period);
    }

    /// <summary>Begins to show.</summary>
    internal static ProgressDisplay Start(EvaluationProgress progress) => new(progress);

    /// <inheritdoc/>
    public void Dispose()
    {
        using ManualResetEvent done = new(false);
        if (_timer.Dispose(done))
        {
            _ = done.WaitOne();
        }

        if (_isTerminal && _hasWritten)
        {
            Console.Error.Write("\r\u001b[K");
        }
    }

    private void Show()
    {
        lock (_writing)
        {
            long read = _progress.PagesRead;
            double bytes = read * (double)Environment.SystemPageSize;
            string text = string.Create(
                CultureInfo.InvariantCulture,
                $"{_progress.ProcessesOpened} of {_progress.ProcessCount} processes, {Wording.Bytes(bytes)} read, "
                + $"{Wording.Bytes(bytes / Stopwatch.GetElapsedTime(_start).TotalSeconds)}/s");
            if (_isTerminal)
            {
                // Pages are found just ahead of reading them, so processes say how far it is to the end.
                int full = _progress.ProcessCount == 0 ? 0 : BarWidth * _progress.ProcessesOpened / _progress.ProcessCount;
                text = $"\r[{new string('#', full)}{new string('.', BarWidth - full)}] {text}\u001b[K";
                Console.Error.Write(text);
            }
            else
            {
                Console.Error.WriteLine(text);
            }

            _hasWritten = true;
        }
    }
}
