using System;
using System.Threading;

namespace FastKsm.Merging;

/// <summary>Chooses <c>pages_to_scan</c> after every full scan, so that the next one takes as long as it should and costs what it may.</summary>
/// <remarks>
/// Linux's arithmetic, digit for digit: integers, every division truncates, and a product of two 32-bit numbers is 32 bits
/// wide. Thread safety: under the ksm mutex; <see cref="CpuTime"/> may be charged and read at any time.
/// </remarks>
internal sealed class ScanTimeAdvisor
{
    /// <summary>Percent of a CPU below which it does not go.</summary>
    private const ulong MinCpu = 10;

    /// <summary>Weight of the newest value in the moving average, in percent.</summary>
    private const ulong NewestWeight = 30;

    /// <summary>What Linux falls back to when the advisor is switched off.</summary>
    private const uint DefaultPagesToScan = 100;

    private const long NanosecondsPerMillisecond = 1_000_000;
    private const ulong MillisecondsPerSecond = 1000;

    private readonly MergeKnobs _knobs;
    private readonly TimeProvider _clock;
    private long _cpuTime;
    private long _start;
    private ulong _scanTime;
    private ulong _change;
    private long _cpuTimeBefore;

    internal ScanTimeAdvisor(MergeKnobs knobs, TimeProvider clock)
    {
        _knobs = knobs;
        _clock = clock;
    }

    /// <summary>Percent of a CPU above which it does not go (advisor_max_cpu).</summary>
    internal uint MaxCpu = 70;

    /// <summary>What it begins with when switched on; not a lower limit (advisor_min_pages_to_scan).</summary>
    internal ulong MinPagesToScan = 500;

    /// <summary>Upper limit (advisor_max_pages_to_scan).</summary>
    internal ulong MaxPagesToScan = 30000;

    /// <summary>Seconds that a full scan should take (advisor_target_scan_time); at least 1.</summary>
    internal ulong TargetScanTime = 200;

    /// <summary>Whether it is on (advisor_mode is scan-time).</summary>
    internal bool IsOn { get; private set; }

    /// <summary>CPU time that ksmd has used so far, in nanoseconds.</summary>
    internal long CpuTime => Volatile.Read(ref _cpuTime);

    /// <summary>ksmd has used CPU time.</summary>
    internal void Charge(long nanoseconds) => Interlocked.Add(ref _cpuTime, nanoseconds);

    /// <summary>Switches it on or off; nothing if it is so already.</summary>
    internal void Switch(bool on)
    {
        if (on == IsOn)
        {
            return;
        }

        IsOn = on;
        (_start, _scanTime, _change, _cpuTimeBefore) = (0, 0, 0, 0);
        _knobs.PagesToScan = on ? (uint)MinPagesToScan : DefaultPagesToScan;
    }

    /// <summary>A full scan begins.</summary>
    internal void StartScan()
    {
        if (IsOn)
        {
            _start = _clock.GetTimestamp();
        }
    }

    /// <summary>A full scan is complete: sets <c>pages_to_scan</c> for the next one.</summary>
    /// <param name="advice">What it found.</param>
    /// <returns>False when it is off.</returns>
    internal bool TryStopScan(out Advice advice)
    {
        advice = default;
        if (!IsOn)
        {
            return false;
        }

        ulong scanTime = ulong.Max(1, Seconds(_clock.GetTimestamp() - _start));
        long cpuTime = CpuTime;
        ulong milliseconds = (ulong)((cpuTime - _cpuTimeBefore) / NanosecondsPerMillisecond);
        uint cpu = uint.Max(1, (uint)(milliseconds * 100 / (scanTime * MillisecondsPerSecond)));
        ulong last = _scanTime == 0 ? scanTime : _scanTime;
        ulong factor = ulong.Max(1, TargetScanTime * 100 / scanTime);
        ulong change = ulong.Max(1, scanTime * 100 / last);
        change = (((100 - NewestWeight) * _change) + (NewestWeight * change)) / 100;

        uint before = _knobs.PagesToScan;
        ulong pages = unchecked(before * 100u) / factor;
        pages = pages * change / 100;
        ulong cost = ulong.Max(1, before / cpu);
        pages = ulong.Min(pages, cost * MaxCpu);
        pages = ulong.Max(pages, cost * MinCpu);
        pages = ulong.Min(pages, MaxPagesToScan);

        (_scanTime, _change, _cpuTimeBefore) = (scanTime, change, cpuTime);
        _knobs.PagesToScan = (uint)pages;
        advice = new Advice((long)scanTime, pages, cpu);
        return true;
    }

    private ulong Seconds(long timestamps) => (ulong)(timestamps / _clock.TimestampFrequency);

    /// <summary>What the advisor found at the end of a full scan.</summary>
    /// <param name="ScanTime">Its duration in whole seconds, at least 1.</param>
    /// <param name="PagesToScan">Pages of a batch from now on.</param>
    /// <param name="CpuPercent">Percent of a CPU that it took, at least 1.</param>
    internal readonly record struct Advice(long ScanTime, ulong PagesToScan, uint CpuPercent);
}
