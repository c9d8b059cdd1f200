using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using FastKsm.AddressSpaces;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>
/// How long a change of VMAs takes while another thread walks unpruned over the same anon_vma, elsewhere in its range, in percent
/// of one such walk; and the same while nobody walks.
/// </summary>
/// <remarks>
/// A change is an mprotect of one page that makes one VMA of three, or three of one, and all of its time is counted, whether it
/// waits or works. The walker walks again and again over a frame at the last rank, past every VMA. The value is the 99th
/// percentile: what is beyond it on a shared machine, with or without the walk, is a time slice of the host's scheduler.
/// </remarks>
internal sealed class RmapWriterRow(string id, double goal, int vmas, bool walks) : IVersusRow
{
    private const int Changes = 2000;
    private const int SmallVmas = 4096;
    private const double Percentile = 0.99;

    // Of spinning: changes are to fall on any moment of a walk.
    private const int LongestPause = 4000;

    // Walks timed where nobody walks meanwhile.
    private const int WalksAlone = 5;

    public string Id => id;

    public string Unit => "us";

    public double Goal => goal;

    public bool IsCeiling => true;

    public VersusMeasurement Measure(int rounds)
    {
        if (Environment.ProcessorCount == 1)
        {
            return VersusMeasurement.Skipped("walker and writer need a processor each");
        }

        // Small and soon done; afterwards the runtime has compiled both sides fully.
        using (RmapLayout small = new(SmallVmas, items: 1))
        {
            FramePager anyPager = small.NewPager(Pruning.FullRange);
            Interleaved.WarmUp(() => _ = ChangeWhileWalking(small, anyPager, changes: 64));
        }

        using RmapLayout layout = new(vmas, items: 1);
        FramePager pager = layout.NewPager(Pruning.FullRange);
        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            (double[] changes, double[] times) = walks
                ? ChangeWhileWalking(layout, pager, Changes)
                : (Change(layout, Changes), WalkAlone(layout, pager));
            double change = At(changes, Percentile);
            double walk = At(times, 0.5);
            measured[round] = new VersusRound(change, walk, 100 * change / walk);
        }

        return VersusMeasurement.Of(measured);
    }

    private static double At(double[] times, double share)
    {
        Array.Sort(times);
        return times[(int)(share * (times.Length - 1))];
    }

    // In microseconds, as all times here. The frame is the last one: its stripe is not that of any page that changes.
    private static double Walk(RmapLayout layout, FramePager pager)
    {
        long start = Stopwatch.GetTimestamp();
        RmapLayout.Walk(pager, layout.Frames[^1]);
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    private static double[] WalkAlone(RmapLayout layout, FramePager pager)
    {
        double[] times = new double[WalksAlone];
        for (int i = 0; i < times.Length; i++)
        {
            times[i] = Walk(layout, pager);
        }

        return times;
    }

    private static (double[] Changes, double[] Walks) ChangeWhileWalking(RmapLayout layout, FramePager pager, int changes)
    {
        bool ends = false;
        List<double> times = [];
        using ManualResetEventSlim walked = new();
        Thread walker = new(() =>
        {
            while (!Volatile.Read(ref ends))
            {
                times.Add(Walk(layout, pager));
                walked.Set();
            }
        });
        walker.Start();
        walked.Wait();
        double[] changed = Change(layout, changes);
        Volatile.Write(ref ends, true);
        walker.Join();
        return (changed, [.. times]);
    }

    private static double[] Change(RmapLayout layout, int changes)
    {
        Random random = new(7);
        double[] times = new double[changes];
        for (int i = 0; i < changes; i += 2)
        {
            Thread.SpinWait(random.Next(LongestPause));
            int page = layout.PageElsewhere(random);
            long start = Stopwatch.GetTimestamp();
            layout.Protect(page, Protection.Read | Protection.Write);
            long middle = Stopwatch.GetTimestamp();
            layout.Protect(page, Protection.Read);
            times[i] = Stopwatch.GetElapsedTime(start, middle).TotalMicroseconds;
            times[i + 1] = Stopwatch.GetElapsedTime(middle).TotalMicroseconds;
        }

        return times;
    }
}
