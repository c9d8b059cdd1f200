using System;
using System.Globalization;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>The host's timer tick, to which the sleeps of kernel threads are rounded up.</summary>
/// <param name="Length">From one tick to the next.</param>
/// <param name="IsProbed">Whether the kernel told; else it is Linux's default, 4 ms.</param>
/// <param name="Sentence">What was found, in words.</param>
internal sealed record TimerTick(TimeSpan Length, bool IsProbed, string Sentence)
{
    private static readonly TimeSpan s_default = TimeSpan.FromMilliseconds(4);

    // From HZ = 10,000 to HZ = 10.
    private static readonly TimeSpan s_shortest = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks for the resolution of the clock that moves once a tick.</summary>
    internal static unsafe TimerTick Probe()
    {
        LinuxNative.TimeSpec resolution;
        return Of(LinuxNative.clock_getres(LinuxNative.ClockMonotonicCoarse, &resolution) == 0 && resolution.Seconds == 0
            ? TimeSpan.FromMicroseconds(resolution.Nanoseconds / 1e3)
            : TimeSpan.Zero);
    }

    /// <summary>The finding that follows from the coarse clock's resolution.</summary>
    internal static TimerTick Of(TimeSpan resolution) => resolution >= s_shortest && resolution <= s_longest
        ? new TimerTick(resolution, IsProbed: true, string.Create(
            CultureInfo.InvariantCulture, $"The timer tick is {resolution.TotalMilliseconds:0.###} ms."))
        : new TimerTick(s_default, IsProbed: false, "The host does not tell its timer tick; taken as 4 ms.");
}
