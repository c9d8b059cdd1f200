using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Tests.Merging;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>Walks beside everything that changes VMAs and PTEs: rmap.md invariants 42, 50, 52 and 53 by their effects.</summary>
[Collection("alone")]
public sealed class ConcurrentWalkTests
{
    private const int Pages = 96;

    [Theory]
    [InlineData(Pruning.PageIndex, 0, 1)]
    [InlineData(Pruning.PageIndex, 1, 1)]
    [InlineData(Pruning.FullRange, 0, 1)]
    [InlineData(Pruning.FullRange, 40, 1)]
    [InlineData(Pruning.PageIndex, 0, 2)]
    public async Task WalksBesideSplitsForksMovesAndScans_NoByteAndNoCountIsLost(Pruning pruning, int nodesPerHold, int nodes)
    {
        using Machine machine = new(new MachineOptions
        {
            Frames = 8192,
            Cpus = 5,
            Nodes = nodes,
            Pruning = pruning,
            WalkNodesPerHold = nodesPerHold,
        });
        machine.Ksm.Write("merge_across_nodes", nodes == 1 ? "1" : "0");
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("pages_to_scan", "1000000");
        ModelProcess process = machine.Spawn();
        Area area = new(process, process.Map(Pages * KsmRig.PageSize, new MapOptions()), Pages);
        _ = area.Advise(Advice.Mergeable);
        for (int i = 0; i < Pages; i++)
        {
            _ = area.Write(i, (ulong)(i % 5) + 1);
        }

        machine.Rest();
        using CancellationTokenSource stop = new();
        await Threads.RunAll(
            Loop(1, machine.Cpus[1], random => area.Process.Migrate(area.At(random.Next(Pages)), KsmRig.PageSize, nodes == 1 ? null : random.Next(nodes)), stop.Token),
            Loop(2, machine.Cpus[2], random => area.Process.PageOut(area.At(random.Next(Pages)), KsmRig.PageSize), stop.Token),
            Loop(3, machine.Cpus[3], random =>
            {
                int page = random.Next(Pages);
                _ = area[page..(page + 1)].Protect(random.Next(2) == 0 ? Protection.Read : Protection.Read | Protection.Write);
            }, stop.Token),
            Loop(4, machine.Cpus[4], random =>
            {
                ModelProcess child = process.Fork();
                Check(area.In(child), random.Next(Pages));
                ulong moved = child.Remap(area.At(8), 8 * KsmRig.PageSize, 8 * KsmRig.PageSize, to: area.Address - (1000 * KsmRig.PageSize));
                Check(new Area(child, moved - (8 * KsmRig.PageSize), 16), 8 + random.Next(8));
                child.Exit();
            }, stop.Token),
            Loop(5, null, _ => machine.Ksm.Scan(), stop.Token),
            machine.Cpus[0].Drive(() =>
            {
                try
                {
                    Random own = new(6);
                    for (int i = 0; i < 6000; i++)
                    {
                        Check(area, own.Next(Pages));
                    }
                }
                finally
                {
                    stop.Cancel();
                }
            }));
        machine.Validate();
        for (int i = 0; i < Pages; i++)
        {
            Check(area, i);
        }

        Assert.NotEqual(0, machine.Walks(WalkKind.Migrate).Walks);
        Assert.NotEqual(0, machine.Walks(WalkKind.Unmap).Walks);
        process.Exit();
        machine.Validate();
        Assert.Equal(8192, machine.FreeFrames);
    }

    // design: migration, page-out and aging of merged frames do not wait for a scan.
    [Fact]
    public void MergedFrame_WhileTheMergerHasItsMutex_IsMovedAgedAndPagedOut()
    {
        using Machine machine = new(new MachineOptions { Frames = 1024 });
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("pages_to_scan", "1000");
        ModelProcess process = machine.Spawn();
        Area area = new(process, process.Map(4 * KsmRig.PageSize, new MapOptions()), 4);
        _ = area.Advise(Advice.Mergeable);
        for (int i = 0; i < 4; i++)
        {
            _ = area.Write(i, 7);
        }

        _ = machine.Ksm.Scan();
        _ = machine.Ksm.Scan();
        Assert.Equal((1, 3), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
        (long moved, bool aged, long gone) done = default;
        Pfn before = process.FrameAt(area.At(0));

        machine.Rest();
        _ = machine.Merger.Configure(_ =>
        {
            Task work = Threads.Start(machine.Cpus[0].Drive(() => done = (
                process.Migrate(area.At(0), KsmRig.PageSize),
                machine.Pager.TryAge(0, process.FrameAt(area.At(0)), out int _, out bool _),
                process.PageOut(area.At(0), KsmRig.PageSize))));
            Assert.True(work.Wait(TimeSpan.FromMinutes(1)), "It waits for the merger.");
            return Errno.None;
        });

        Assert.Equal((1, true, 1), done);
        Assert.NotEqual(before, process.FrameAt(area.At(1)));
        Assert.All(Enumerable.Range(0, 4), page => Assert.True(process.IsSwappedAt(area.At(page))));
        machine.Validate();
    }

    private static void Check(Area area, int page) => area.AssertHolds(page, (ulong)(page % 5) + 1);

    private static Action Loop(int seed, Cpu? cpu, Action<Random> work, CancellationToken stop)
    {
        void Work()
        {
            Random random = new(seed);
            while (!stop.IsCancellationRequested)
            {
                work(random);
            }
        }

        return cpu?.Drive(Work) ?? Work;
    }
}
