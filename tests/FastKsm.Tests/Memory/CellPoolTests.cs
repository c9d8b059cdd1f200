using System;
using System.Collections.Generic;
using FastKsm.Memory;
using Xunit;

namespace FastKsm.Tests.Memory;

public sealed unsafe class CellPoolTests
{
    [Fact]
    public void Pool_RandomTakesAndReturns_CellsAreDistinctAndZero()
    {
        AllocationFaults faults = new();
        using CellPool pool = new(1000, 192, faults);
        List<uint> taken = [];
        HashSet<uint> distinct = [];
        Random random = new(5);
        for (int step = 0; step < 20_000; step++)
        {
            if (random.Next(3) != 0 && pool.TryTake(out uint cell))
            {
                Assert.True(distinct.Add(cell));
                Assert.False(new Span<byte>(pool[cell], 192).ContainsAnyExcept((byte)0));
                new Span<byte>(pool[cell], 192).Fill(1);
                taken.Add(cell);
            }
            else if (taken.Count != 0)
            {
                int at = random.Next(taken.Count);
                (uint back, taken[at]) = (taken[at], taken[^1]);
                taken.RemoveAt(taken.Count - 1);
                distinct.Remove(back);
                new Span<byte>(pool[back], 192).Clear();
                pool.Return(back);
            }

            Assert.Equal((uint)taken.Count, pool.LiveCount);
        }
    }

    [Fact]
    public void Return_WholeChunks_GivesTheirMemoryBack()
    {
        using CellPool pool = new(64 * 64, 4096, new AllocationFaults());
        List<uint> taken = [];
        for (int i = 0; i < 64 * 32; i++)
        {
            Assert.True(pool.TryTake(out uint cell));
            pool[cell][0] = 1;
            taken.Add(cell);
        }

        Assert.Equal(64 * 32 * 4096, pool.ResidentBytes());
        foreach (uint cell in taken)
        {
            pool[cell][0] = 0;
            pool.Return(cell);
        }

        // One chunk is kept for the next use.
        Assert.Equal(64 * 4096, pool.ResidentBytes());
        Assert.Equal(0, pool.UsedBytes);
    }

    [Fact]
    public void TryTake_PoolUsedUpOrFaulted_TakesNothing()
    {
        AllocationFaults faults = new();
        using CellPool pool = new(10, 64, faults);
        faults.Arm(0);
        Assert.False(pool.TryTake(out uint none));
        Assert.Equal(0u, none);
        faults.Disarm();
        int count = 0;
        while (pool.TryTake(out _))
        {
            count++;
        }

        Assert.InRange(count, 10, 128);
    }
}
