using System;
using System.Threading;

namespace FastKsm.Tests.TestKit;

/// <summary>Counts what work allocates on the managed heap, over all threads.</summary>
internal static class ManagedHeap
{
    private const int MostRounds = 40;

    /// <summary>The fewest bytes the process allocates in one round of the work.</summary>
    /// <param name="work">What is measured; does the same in every round.</param>
    /// <param name="prepare">Sets a round up; not measured.</param>
    /// <returns>Zero as soon as a round allocates nothing; the least of all rounds if none does.</returns>
    /// <remarks>
    /// Only the whole process can be asked for all threads, and the test runner's own threads allocate now and then.
    /// They add to a round and take nothing away, so that work which allocates shows in each.
    /// </remarks>
    internal static long FewestBytesOf(Action work, Action? prepare = null)
    {
        long fewest = long.MaxValue;
        for (int round = 0; round < MostRounds && fewest != 0; round++)
        {
            if (round > 2)
            {
                Thread.Sleep(50);
            }

            prepare?.Invoke();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            work();
            fewest = Math.Min(fewest, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return fewest;
    }
}
