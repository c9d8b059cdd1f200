using System;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Primitives;

/// <summary>The lock under real threads: exclusion, and progress of both kinds.</summary>
public sealed class ReaderWriterLatchTests
{
    [Fact]
    public async Task EnterAndExit_ReadersAndWriters_ExcludeAndAllFinish()
    {
        const int Rounds = 20_000;
        ReaderWriterLatch latch = new(LockRank.MmLock);
        int inside = 0;
        int writers = 0;
        long writes = 0;
        int violations = 0;
        void Read()
        {
            for (int i = 0; i < Rounds; i++)
            {
                latch.EnterRead();
                _ = Interlocked.Increment(ref inside);
                _ = Volatile.Read(ref writers) == 0 ? 0 : Interlocked.Increment(ref violations);
                _ = Interlocked.Decrement(ref inside);
                latch.ExitRead();
            }
        }

        void Write()
        {
            for (int i = 0; i < Rounds; i++)
            {
                latch.EnterWrite();
                _ = Interlocked.Increment(ref writers);
                _ = Volatile.Read(ref inside) == 0 ? 0 : Interlocked.Increment(ref violations);
                writes++; // Unsynchronised but for the lock: a lost update shows.
                _ = Interlocked.Decrement(ref writers);
                latch.ExitWrite();
            }
        }

        CancellationToken none = TestContext.Current.CancellationToken;
        await Task.WhenAll(Task.Run(Read, none), Task.Run(Read, none), Task.Run(Write, none), Task.Run(Write, none));

        Assert.Equal(0, violations);
        Assert.Equal(2 * Rounds, writes);
        Assert.False(latch.IsHeld);
    }

    // Whoever is awake overtakes whoever is parked; without hand-over these would go on for minutes, or for ever.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Enter_OthersEnterAloneOneRightAfterTheOther_ComesToItsTurns(bool reads)
    {
        const int Turns = 1_000;
        ReaderWriterLatch latch = new(LockRank.MmLock);
        int done = 0;
        void Busy()
        {
            while (Volatile.Read(ref done) == 0)
            {
                latch.EnterWrite();
                Thread.SpinWait(2_000);
                latch.ExitWrite();
            }
        }

        void Patient()
        {
            for (int i = 0; i < Turns; i++)
            {
                if (reads)
                {
                    latch.EnterRead();
                    latch.ExitRead();
                }
                else
                {
                    latch.EnterWrite();
                    latch.ExitWrite();
                }
            }

            Volatile.Write(ref done, 1);
        }

        await Threads.RunAll(Busy, Busy, Busy, Patient).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        Assert.False(latch.IsHeld);
    }
}
