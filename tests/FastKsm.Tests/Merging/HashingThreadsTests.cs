using System;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Threads that take checksums change nothing but time.</summary>
public sealed class HashingThreadsTests : MergeIndexKinds
{
    private const int Pages = 4096;
    private const int Scans = 12;
    private const ulong PageBytes = 4096;

    [Theory, MemberData(nameof(Indexes))]
    public void Scan_ContentsChangeBetweenScans_SameCountersWithAnyNumberOfThreads(MergeIndexKind index)
    {
        KsmCounters[] alone = Run(index, threads: 1);
        Assert.True(alone[^1].PagesSharing > 0 && alone[^1].PagesUnshared > 0);
        Assert.Equal(alone, Run(index, threads: 2));
        Assert.Equal(alone, Run(index, threads: 8));
    }

    [Theory, MemberData(nameof(Indexes))]
    public async Task Scan_WhileAnotherThreadWrites_KeepsEveryContent(MergeIndexKind index)
    {
        using Machine machine = Make(index, threads: 3, out ModelProcess process, out ulong start);
        using CancellationTokenSource done = new();
        machine.Rest();
        Task writer = Task.Run(
            machine.Cpus[0].Drive(() =>
            {
                for (ulong round = 1; !done.IsCancellationRequested; round++)
                {
                    for (ulong page = round % 7; page < Pages; page += 7)
                    {
                        process.On().WritePage(start + (page * PageBytes), 1 + (round % 3));
                    }
                }
            }),
            TestContext.Current.CancellationToken);
        for (int scan = 0; scan < Scans; scan++)
        {
            Assert.True(machine.Ksm.Scan());
        }

        await done.CancelAsync().ConfigureAwait(true);
        await writer.ConfigureAwait(true);
        machine.Validate();
        byte[] seen = new byte[PageBytes];
        byte[][] known = [Content(1), Content(2), Content(3), Content(0)];
        for (ulong page = 0; page < Pages; page++)
        {
            process.On().ReadPage(start + (page * PageBytes), seen);
            Assert.Contains(known, content => seen.AsSpan().SequenceEqual(content));
        }
    }

    private static KsmCounters[] Run(MergeIndexKind index, int threads)
    {
        using Machine machine = Make(index, threads, out ModelProcess process, out ulong start);
        KsmCounters[] counters = new KsmCounters[Scans];
        for (int scan = 0; scan < Scans; scan++)
        {
            for (ulong page = (ulong)scan; page < Pages; page += 5)
            {
                process.On().WritePage(start + (page * PageBytes), page % (scan % 2 == 0 ? 900UL : 3001UL));
            }

            Assert.True(machine.Ksm.Scan());
            counters[scan] = machine.Ksm.Counters;
        }

        machine.Validate();
        return counters;
    }

    private static Machine Make(MergeIndexKind index, int threads, out ModelProcess process, out ulong start)
    {
        Machine machine = new(new MachineOptions { Frames = 2 * Pages, Index = index, HashingThreads = threads });
        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("pages_to_scan", "1000000");
        machine.Ksm.Write("run", "1");
        process = machine.Spawn();
        start = process.Map(Pages * PageBytes, new MapOptions());
        process.Advise(start, Pages * PageBytes, Advice.Mergeable);
        for (ulong page = 0; page < Pages; page++)
        {
            process.On().WritePage(start + (page * PageBytes), page % 4);
        }

        return machine;
    }

    private static byte[] Content(ulong number)
    {
        byte[] content = new byte[PageBytes];
        PageContent.Fill(content, number);
        return content;
    }
}
