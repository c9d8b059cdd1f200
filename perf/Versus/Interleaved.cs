using System;
using System.Diagnostics;
using System.Threading;

namespace FastKsm.Perf.Versus;

/// <summary>Times two sides in turns, so that a change of clock or neighbour meets both.</summary>
internal static class Interleaved
{
    // The runtime compiles a method fully after 30 calls and some 100 ms without new ones; a loop is replaced in flight
    // first. Calls and pauses beyond that leave nothing of the quick code.
    private const int WarmupCalls = 40;
    private const int WarmupBursts = 4;
    private static readonly TimeSpan s_warmupPause = TimeSpan.FromMilliseconds(150);

    /// <summary>Runs a side until the runtime has compiled it fully.</summary>
    /// <param name="side">A short piece of the work, through the same methods as the long one.</param>
    internal static void WarmUp(Action side)
    {
        for (int burst = 0; burst < WarmupBursts; burst++)
        {
            for (int call = 0; call < WarmupCalls; call++)
            {
                side();
            }

            Thread.Sleep(s_warmupPause);
        }
    }

    /// <summary>Times both sides; which goes first changes from round to round.</summary>
    /// <param name="rounds">Rounds; at least one.</param>
    /// <param name="items">Items that one call of either side works through; the values are ns for one.</param>
    /// <param name="ours">Our side.</param>
    /// <param name="peer">The peer's side.</param>
    internal static VersusRound[] Time(int rounds, double items, Action ours, Action peer)
    {
        // Caches, page tables and branch predictors know the work before it counts.
        _ = Nanoseconds(ours);
        _ = Nanoseconds(peer);

        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            double oursTime, peerTime;
            if (round % 2 == 0)
            {
                oursTime = Nanoseconds(ours);
                peerTime = Nanoseconds(peer);
            }
            else
            {
                peerTime = Nanoseconds(peer);
                oursTime = Nanoseconds(ours);
            }

            measured[round] = VersusRound.OfCosts(oursTime / items, peerTime / items);
        }

        return measured;
    }

    private static double Nanoseconds(Action side)
    {
        long start = Stopwatch.GetTimestamp();
        side();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }
}
