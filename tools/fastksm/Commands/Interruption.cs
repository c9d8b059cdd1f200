using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastKsm.Cli.Commands;

/// <summary>Ctrl-C and SIGTERM: the first asks the command to end, a second one ends the tool.</summary>
/// <remarks>Thread safety: signals come on threads of their own.</remarks>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private readonly TimeSpan? _patience;
    private readonly Timer _timer;
    private volatile int _signal;

    /// <param name="patience">How long the command may take to end; null for as long as it takes, because it must put things back.</param>
    internal Interruption(TimeSpan? patience)
    {
        _patience = patience;
        _timer = new Timer(_ => Environment.Exit(ExitCodeOfSignal));
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _cancellation.Token;

    /// <summary>The exit code of a command that a signal ended, as shells count.</summary>
    internal int ExitCodeOfSignal => ExitCode.Signalled + _signal;

    /// <inheritdoc/>
    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _timer.Dispose();
        _cancellation.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        const int Interrupt = 2;
        const int Terminate = 15;
        context.Cancel = !_cancellation.IsCancellationRequested;
        _signal = context.Signal == PosixSignal.SIGINT ? Interrupt : Terminate;
        if (_patience is { } patience && context.Cancel)
        {
            _ = _timer.Change(patience, Timeout.InfiniteTimeSpan);
        }

        _cancellation.Cancel();
    }
}
