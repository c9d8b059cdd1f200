using System;
using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.ReverseMapping;
using FastKsm.Tests.ReverseMapping;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>What re-keying one VMA of very many takes: out of the index, and in again, at random places.</summary>
/// <remarks>
/// Against the promised time, ours is all that a change does: records promised, range lock and structure latch taken and
/// given back, removal, insertion. Against Linux's tree both sides are the index alone.
/// </remarks>
internal sealed class RmapUpdateRow(string id, double goal, int vmas, double? promised) : IVersusRow
{
    private const int Updates = 200_000;

    public string Id => id;

    public string Unit => "ns/update";

    public double Goal => goal;

    public VersusMeasurement Measure(int rounds)
    {
        int[] order = new int[Updates];
        Random random = new(5);
        for (int i = 0; i < Updates; i++)
        {
            order[i] = random.Next(vmas);
        }

        return promised is { } time ? AgainstPromise(rounds, order, time) : AgainstLinuxTree(rounds, order);
    }

    private VersusMeasurement AgainstPromise(int rounds, int[] order, double time)
    {
        using AnonVmaTable table = new((uint)vmas + 16, new AllocationFaults(), static _ => 0);
        uint[] chains = new uint[vmas];
        uint own = 0;
        _ = table.TryPrepare(ref own, ref chains[0], shared: 0, new VmaInterval(1, 0, 0));
        for (uint i = 1; i < vmas; i++)
        {
            _ = table.TryPromise(1, out IntervalPromise promise);
            FamilyHold hold = table.EnterWrite(own, i, i);
            chains[i] = table.Clone(own, chains[0], new VmaInterval(i + 1, i, i), ref promise);
            table.ExitWrite(hold);
            table.Cancel(ref promise);
        }

        VersusRound[] measured = new VersusRound[rounds];
        for (int round = -1; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            foreach (int at in order)
            {
                _ = table.TryPromise(1, out IntervalPromise promise);
                FamilyHold hold = table.EnterWrite(own, (ulong)at, (ulong)at);
                table.Detach(chains[at], (ulong)at);
                table.Attach(chains[at], new VmaInterval((uint)at + 1, (ulong)at, (ulong)at), ref promise);
                table.ExitWrite(hold);
                table.Cancel(ref promise);
            }

            // The first one meets cold caches and code that is not compiled fully.
            if (round >= 0)
            {
                measured[round] = VersusRound.OfCosts(Stopwatch.GetElapsedTime(start).TotalNanoseconds / Updates, time);
            }
        }

        return VersusMeasurement.Of(measured);
    }

    private VersusMeasurement AgainstLinuxTree(int rounds, int[] order)
    {
        using IntervalIndex index = new((uint)vmas + 16, new AllocationFaults());
        IntervalRoot root = default;
        IntervalPromise promise = default;
        AugmentedIntervalTree tree = new(vmas);
        uint[] sequences = new uint[vmas];
        uint[] nodes = new uint[vmas];
        for (uint i = 0; i < vmas; i++)
        {
            sequences[i] = Insert(index, ref root, i, ref promise);
            nodes[i] = tree.Insert(i, i, i + 1);
        }

        VersusRound[] measured = Interleaved.Time(
            rounds,
            Updates,
            () =>
            {
                foreach (int at in order)
                {
                    index.Remove(ref root, (ulong)at, sequences[at]);
                    sequences[at] = Insert(index, ref root, (uint)at, ref promise);
                }
            },
            () =>
            {
                foreach (int at in order)
                {
                    tree.Remove(nodes[at]);
                    nodes[at] = tree.Insert((ulong)at, (ulong)at, (uint)at + 1);
                }
            });
        index.Clear(ref root);
        return VersusMeasurement.Of(measured);
    }

    private static uint Insert(IntervalIndex index, ref IntervalRoot root, uint at, ref IntervalPromise promise)
    {
        _ = index.TryPromise(1, ref promise);
        uint sequence = index.Insert(ref root, at, at, at + 1, ref promise, out _);
        index.Cancel(ref promise);
        return sequence;
    }
}
