using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm;

/// <summary>A CPU: runs a process, accesses its memory and makes its system calls.</summary>
/// <remarks>
/// A thread becomes the driver of a CPU by <see cref="Run"/>, and stays it until <see cref="Idle"/>, or until it ends. No other thread
/// may use the CPU meanwhile: that is an <see cref="InvalidOperationException"/>, and nothing has changed. Different CPUs may be driven
/// at once, and may run the same process, as its threads. A thread may drive several CPUs, one after another or in turn. Before code
/// that may go on in another thread (an <c>await</c>) the driver lets go of the CPU by <see cref="Idle"/>.
/// </remarks>
public sealed partial class Cpu
{
    private readonly Machine _machine;
    private readonly PhysicalMemory _frames;
    private readonly CpuTlb _tlb;
    private readonly int _pageShift;
    private readonly uint _offsetMask;
    private Thread? _driver;
    private ProcessRecord? _running;
    private uint _generation;

    internal Cpu(Machine machine, int number)
    {
        _machine = machine;
        _frames = machine.Store.Frames;
        _tlb = machine.Store.Flushes[number];
        _pageShift = machine.Options.PageShift;
        _offsetMask = (uint)machine.Options.PageSize - 1;
        Number = number;
    }

    /// <summary>Number of the CPU, from 0.</summary>
    public int Number { get; }

    /// <summary>The process that it runs; null when it is idle. Another thread than the driver sees a moment.</summary>
    public ModelProcess? Running => Volatile.Read(ref _running) is { } record ? new ModelProcess(record, _generation) : null;

    /// <summary>The thread that drives it, as far as it still runs; null if there is none.</summary>
    internal Thread? Driver => Volatile.Read(ref _driver) is { IsAlive: true } driver ? driver : null;

    /// <summary>
    /// Makes the calling thread its driver, and switches to a process. Running what it runs already costs two
    /// comparisons.
    /// </summary>
    /// <param name="process">The process; one of this machine's.</param>
    /// <exception cref="ArgumentException">The process is none, or another machine's.</exception>
    /// <exception cref="InvalidOperationException">
    /// Another thread drives this CPU; the process has exited, or another CPU replaces its program at this moment.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The machine has been disposed.</exception>
    public void Run(ModelProcess process)
    {
        if (_driver == Thread.CurrentThread && process.IsOf(_running, _generation))
        {
            return;
        }

        ProcessRecord record = RecordOf(process);
        bool becomesDriver = BeginTurn();
        RunOutcome outcome = record.TryRun(process.Generation);
        if (outcome != RunOutcome.Runs)
        {
            EndTurn(becomesDriver);
            throw outcome == RunOutcome.HasExited
                ? ModelProcess.HasExitedException()
                : new InvalidOperationException("Another CPU replaces the program of the process (Exec) at this moment.");
        }

        // First the switch: while the CPU counts as running the old process, no other CPU ends that one.
        _tlb.SwitchTo(record.Space.Translations);
        _running?.StopRunning();
        _generation = process.Generation;
        Volatile.Write(ref _running, record);
        record.LastCpu = this;
    }

    /// <summary>Runs no process any more, and lets another thread become the driver.</summary>
    /// <exception cref="InvalidOperationException">Another thread drives this CPU.</exception>
    public void Idle()
    {
        if (_driver is not null || _running is not null)
        {
            _ = BeginTurn();
            _tlb.SwitchTo(null);
            _running?.StopRunning();
            Volatile.Write(ref _running, null);
            EndTurn(wasNoDriver: true);
        }
    }

    // The process that runs, for its driver.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ProcessRecord Enter()
    {
        ProcessRecord? running = _running;
        if (running is null || _driver != Thread.CurrentThread)
        {
            ThrowCannotAct();
        }

        _machine.ThrowIfDisposed();
        return running;
    }

    // The calling thread drives the CPU from here on, if it has not before. A driver that has ended without a word is succeeded.
    private bool BeginTurn()
    {
        Thread current = Thread.CurrentThread;
        Thread? driver = Volatile.Read(ref _driver);
        if (driver == current)
        {
            return false;
        }

        // Of two threads that come at once, one exchanges, and the other finds that one.
        if (driver is { IsAlive: true } || Interlocked.CompareExchange(ref _driver, current, driver) != driver)
        {
            throw DrivenByAnother();
        }

        _tlb.BeginDriving(current);
        return true;
    }

    private void EndTurn(bool wasNoDriver)
    {
        if (wasNoDriver)
        {
            // What the driver did comes before the next one's first look.
            _tlb.EndDriving();
            Volatile.Write(ref _driver, null);
        }
    }

    private ProcessRecord RecordOf(ModelProcess process)
    {
        _machine.ThrowIfDisposed();
        ProcessRecord record = process.Record;
        return record.Machine == _machine
            ? record
            : throw new ArgumentException($"The process belongs to another machine than CPU {Number}.", nameof(process));
    }

    private InvalidOperationException DrivenByAnother() => new(
        $"CPU {Number} is driven by another thread (managed thread {Volatile.Read(ref _driver)?.ManagedThreadId ?? 0}). "
        + "That thread has to call Idle first.");

    [DoesNotReturn]
    private void ThrowCannotAct()
    {
        _machine.ThrowIfDisposed();
        throw Driver is { } driver && driver != Thread.CurrentThread
            ? DrivenByAnother()
            : new InvalidOperationException($"CPU {Number} is idle: it runs no process. Call Run first.");
    }
}
