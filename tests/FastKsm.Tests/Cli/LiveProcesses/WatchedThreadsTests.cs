using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.LiveProcesses;

public sealed class WatchedThreadsTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void WaitForAll_CallThatDoesNotReturn_LeavesItsThreadWhichThenTouchesNothing()
    {
        using ManualResetEventSlim answered = new();
        using ManualResetEventSlim unwound = new();
        List<string> log = [];
        WatchedThreads threads = new(s_short);

        threads.Start(
            _ =>
            {
                try
                {
                    CallWatch.Begin();
                    answered.Wait(TestContext.Current.CancellationToken);
                    CallWatch.End();
                    log.Add("went on");
                }
                finally
                {
                    unwound.Set();
                }
            },
            _ =>
            {
                log.Add("left");
                threads.Start(_ => log.Add("replaced"), _ => log.Add("left again"));
            });
        threads.WaitForAll(CancellationToken.None);
        answered.Set();
        unwound.Wait(TestContext.Current.CancellationToken);

        Assert.Equal(["left", "replaced"], log);
    }

    [Fact]
    public void WaitForAll_WorkOutsideOfCalls_IsWaitedFor()
    {
        int done = 0;
        WatchedThreads threads = new(TimeSpan.FromTicks(1));

        threads.Start(
            _ =>
            {
                CallWatch.Begin();
                CallWatch.End();
                Thread.Sleep(s_short);
                done = 1;
            },
            _ => done = 2);
        threads.WaitForAll(CancellationToken.None);

        Assert.Equal(1, done);
    }

    [Fact]
    public void WaitForAll_Failure_IsThrownWhenAllHaveEnded()
    {
        int done = 0;
        WatchedThreads threads = new(s_short);
        threads.Start(_ => throw new InvalidOperationException("first"), _ => { });
        threads.Start(
            _ =>
            {
                Thread.Sleep(s_short);
                done = 1;
            },
            _ => { });

        Assert.Equal("first", Assert.Throws<InvalidOperationException>(() => threads.WaitForAll(CancellationToken.None)).Message);
        Assert.Equal(1, done);
    }

    [Fact]
    public void Visit_ProcessThatDoesNotAnswer_IsPassedBy()
    {
        using ManualResetEventSlim answered = new();
        List<int> visited = [];

        WatchedThreads.Visit(
            [1, 2, 3],
            pid =>
            {
                CallWatch.Begin();
                if (pid == 2)
                {
                    answered.Wait(TestContext.Current.CancellationToken);
                }

                CallWatch.End();
                visited.Add(pid);
            },
            s_short);
        answered.Set();

        Assert.Equal([1, 3], visited);
    }
}
