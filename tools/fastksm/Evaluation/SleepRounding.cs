using System;

namespace FastKsm.Cli.Evaluation;

/// <summary>How long ksmd really sleeps: Linux rounds its timeouts up, to the tick and, long ones, to an eighth and less.</summary>
/// <remarks>
/// Whole ticks are counted from the tick in which the sleep begins, and the timer fires behind the last of them: 20 ms at a tick of
/// 4 ms are 24. A timer further off than 63 ticks stands in a coarser row of the timer wheel (8, 64, 512, … ticks a slot) and
/// fires at the next whole slot. Since ksmd wakes at a tick, its batches repeat at whole ticks too, and a batch that takes
/// less than a tick adds nothing. Measured on Linux 6.18, HZ=250: 20 ms 24.0, 50 ms 56, 252 ms 256, 400 ms 416.
/// </remarks>
/// <param name="Tick">Length of a tick.</param>
internal readonly record struct SleepRounding(TimeSpan Tick)
{
    private const int SlotsBelowFirstRow = 63;
    private const int RowShift = 3;

    // Batches differ a little in length, so a batch that ends near a tick ends on either side of it.
    private const int Samples = 9;
    private const double Jitter = 0.1;

    /// <summary>Time from the start of one batch to the start of the next, in seconds.</summary>
    /// <param name="batchSeconds">CPU time of a batch.</param>
    /// <param name="sleepMilliseconds">The setting.</param>
    internal double Period(double batchSeconds, long sleepMilliseconds)
    {
        if (sleepMilliseconds <= 0)
        {
            return batchSeconds;
        }

        double tick = Tick.TotalSeconds;
        double ticks = Math.Ceiling(sleepMilliseconds / 1e3 / tick * (1 - 1e-12));
        double slot = SlotOf(ticks);
        double sum = 0;
        for (int i = 0; i < Samples; i++)
        {
            double busy = Math.Floor(batchSeconds * (1 - Jitter + (2 * Jitter * i / (Samples - 1))) / tick);
            sum += (Math.Floor((ticks + busy) / slot) + 1) * slot;
        }

        return sum / Samples * tick;
    }

    private static double SlotOf(double ticks)
    {
        double slot = 1;
        for (double start = SlotsBelowFirstRow; ticks >= start; start *= 1 << RowShift)
        {
            slot *= 1 << RowShift;
        }

        return slot;
    }
}
