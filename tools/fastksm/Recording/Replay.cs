using System;
using System.Globalization;
using System.Threading;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Scenarios.PreforkWorkers;

namespace FastKsm.Cli.Recording;

/// <summary>Lets the engine's scanner loose on a recording.</summary>
/// <remarks>
/// Each process of the recording is one of a simulated machine that keeps fingerprints, with one mapping of as many
/// pages as it ever had. At the time of a sample its changes are written; until the next one ksmd is woken as its
/// settings say, in model time: batch, CPU time of what it did (<see cref="KsmdCost"/>), sleep (<see
/// cref="SleepRounding"/>). So everything that merging does is the engine's, to the counter: chains, checksums that
/// must stay, smart scan, the advisor. What a recording does not hold is not replayed: writes of the bytes that were
/// there, changes between two samples that had gone by the second, frames shared by fork. Thread safety: one replay at
/// a time on one object; several objects may run at once.
/// </remarks>
internal sealed class Replay : IDisposable
{
    /// <summary>Wake-ups that a replay may take: a day at 2 ms.</summary>
    internal const long MostBatches = 50_000_000;

    // As fitted to ksmd of Linux 6.18 (the scenario of web workers has them as options).
    private static readonly KsmdCost s_cost = new(VisitNanoseconds: 230, ChecksumNanoseconds: 287, LevelNanoseconds: 197);

    private static readonly TimeSpan s_leastPeriod = TimeSpan.FromMicroseconds(1);

    private readonly PageRecording _recording;
    private readonly ReplayPolicy _policy;
    private readonly SleepRounding _rounding;
    private readonly ModelClock _clock = new();
    private readonly Machine _machine;
    private readonly ModelProcess?[] _processes;
    private readonly ulong[] _addresses;
    private TimeSpan _cpu;
    private readonly long _mostBatches;
    private long _batches;
    private long _gone;
    private long _merged;
    private double _profitSeconds;

    private Replay(PageRecording recording, ReplayPolicy policy, SleepRounding rounding, long frames, long mostBatches)
    {
        _recording = recording;
        _policy = policy;
        _rounding = rounding;
        _mostBatches = mostBatches;
        _machine = new Machine(new MachineOptions
        {
            Frames = frames,
            PageSize = recording.PageSize,
            Content = FrameContent.Fingerprint,
            ModelTime = _clock,
        });
        _processes = new ModelProcess?[recording.Processes.Count];
        _addresses = new ulong[_processes.Length];
    }

    private TimeSpan Now => TimeSpan.FromTicks(_clock.GetTimestamp() / TimeSpan.NanosecondsPerTick);

    private ulong PageBytes => (ulong)_recording.PageSize;

    /// <summary>Performs it.</summary>
    /// <param name="recording">What is replayed.</param>
    /// <param name="policy">How ksmd is set up.</param>
    /// <param name="rounding">How long its sleeps are.</param>
    /// <param name="cancellation">Ends it early, with an exception.</param>
    /// <param name="mostBatches">Wake-ups that it may take; more end it with an exception.</param>
    /// <exception cref="ToolException">The settings are refused, or it would take too much.</exception>
    internal static ReplayOutcome Perform(
        PageRecording recording, ReplayPolicy policy, SleepRounding rounding, CancellationToken cancellation, long mostBatches = MostBatches)
    {
        try
        {
            using Replay replay = new(recording, policy, rounding, Volatility.Of(recording).MostPages + 1, mostBatches);
            return replay.Run(cancellation);
        }
        catch (MemoryOperationException refusal)
        {
            throw new ToolException(ExitCode.BadInput, $"replay: {policy.Name}: {refusal.Message.ReplaceLineEndings(" ")}");
        }
        catch (Exception exception) when (exception is OutOfFramesException or OutOfNativeMemoryException or ArgumentOutOfRangeException)
        {
            throw new ToolException(
                ExitCode.Exhausted, $"replay: {policy.Name}: the machine would be too large: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();

    private ReplayOutcome Run(CancellationToken cancellation)
    {
        Ksm ksm = _machine.Ksm;
        foreach ((string file, string value) in _policy.Settings)
        {
            ksm.Write(file, value);
        }

        ksm.Write("run", "1");
        for (int i = 0; i < _recording.Samples.Count; i++)
        {
            Apply(_recording.Samples[i]);
            if (i + 1 < _recording.Samples.Count)
            {
                RunUntil(_recording.Samples[i + 1].Time, cancellation);
            }
        }

        KsmCounters end = ksm.Counters;
        double seconds = Now.TotalSeconds;
        return new ReplayOutcome(
            _policy,
            end.FullScans,
            end.PagesScanned,
            end.PagesSkipped,
            _cpu,
            Now,
            seconds > 0 ? _profitSeconds / seconds : end.GeneralProfit,
            end.GeneralProfit,
            AddressesOf(end),
            _merged,
            _machine.CowKsm,
            _gone,
            long.Parse(ksm.Read("pages_to_scan"), CultureInfo.InvariantCulture));
    }

    private void RunUntil(TimeSpan time, CancellationToken cancellation)
    {
        Ksm ksm = _machine.Ksm;
        long sleep = long.Parse(ksm.Read("sleep_millisecs"), CultureInfo.InvariantCulture);
        KsmdWork before = KsmdWork.Of(ksm);
        long merged = AddressesOf(ksm.Counters);
        while (Now < time)
        {
            cancellation.ThrowIfCancellationRequested();
            if (++_batches > _mostBatches)
            {
                throw new ToolException(
                    ExitCode.Exhausted,
                    $"replay: {_policy.Name}: more than {_mostBatches} wake-ups of ksmd; a longer sleep_millisecs or a shorter recording takes fewer.");
            }

            TimeSpan elapsed = time - Now;
            if (ksm.Batch())
            {
                KsmdWork after = KsmdWork.Of(ksm);
                TimeSpan cpu = s_cost.Of(before, after, scale: 1);
                before = after;
                ksm.ChargeCpuTime(cpu);
                _cpu += cpu;
                elapsed = TimeSpan.FromSeconds(_rounding.Period(cpu.TotalSeconds, sleep));
                elapsed = elapsed < s_leastPeriod ? s_leastPeriod : elapsed;
            }

            KsmCounters counters = ksm.Counters;
            long now = AddressesOf(counters);
            _merged += Math.Max(now - merged, 0);
            merged = now;
            _profitSeconds += counters.GeneralProfit * elapsed.TotalSeconds;
            _clock.Advance(elapsed);
        }
    }

    private void Apply(RecordedSample sample)
    {
        foreach (ProcessChanges changes in sample.Processes)
        {
            ModelProcess process = ProcessOf(changes.Process);
            Cpu cpu = _machine.Cpus[0];
            cpu.Run(process);
            foreach (PageChange change in changes.Changes)
            {
                ulong address = _addresses[changes.Process] + (change.Place * PageBytes);
                if (change.IsGone)
                {
                    _gone += process.IsMergedAt(address) ? 1 : 0;
                    cpu.Advise(address, PageBytes, Advice.DontNeed);
                }
                else
                {
                    cpu.WritePage(address, change.Fingerprint);
                }
            }
        }
    }

    // It starts when it is first seen, so ksmd comes to it behind those that were there.
    private ModelProcess ProcessOf(int number)
    {
        if (_processes[number] is not { } process)
        {
            process = _machine.Spawn();
            Cpu cpu = _machine.Cpus[0];
            cpu.Run(process);
            cpu.SetMergesAnything(true);
            _addresses[number] = cpu.Map((ulong)_recording.Processes[number].Places * PageBytes, new MapOptions());
            _processes[number] = process;
        }

        return process;
    }

    private static long AddressesOf(in KsmCounters counters) =>
        counters.PagesShared + counters.PagesSharing + counters.KsmZeroPages;
}
