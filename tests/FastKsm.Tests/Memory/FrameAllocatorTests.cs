using System;
using System.Collections.Generic;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Memory;

/// <summary>The allocator against a set of the frames that are out.</summary>
public sealed class FrameAllocatorTests
{
    private const uint Frames = 150;
    private const int Nodes = 3;
    private const int Cpus = 4;

    private enum Act
    {
        Take,
        Give,
    }

    [Fact]
    public void TakeAndGive_RandomScripts_AgreeWithASet() => Property.ForAllScripts(
        random => (Act: random.Next(100) < 55 ? Act.Take : Act.Give, Cpu: random.Next(Cpus), Node: random.Next(-1, Nodes),
            Pick: random.Next()),
        script =>
        {
            AllocationFaults faults = new();
            using PhysicalMemory memory = new(new FrameLayout(Frames, Nodes, Cpus, 16), faults);
            List<Pfn> taken = [];
            HashSet<Pfn> set = [];
            int[] perNode = new int[Nodes];
            foreach ((Act act, int cpu, int node, int pick) in script)
            {
                if (act == Act.Take)
                {
                    int preferred = node < 0 ? memory.Layout.HomeOf(cpu) : node;
                    bool room = perNode[preferred] < memory.Layout.FirstOf(preferred + 1) - memory.Layout.FirstOf(preferred);
                    MemoryStatus status = memory.TakeZeroed(cpu, node, out Pfn frame);

                    Assert.Equal(set.Count < Frames ? MemoryStatus.Done : MemoryStatus.OutOfFrames, status);
                    if (status != MemoryStatus.Done)
                    {
                        continue;
                    }

                    Assert.True(set.Add(frame), $"{frame} was handed out twice.");
                    Assert.InRange(frame.Number, memory.Layout.FirstFrame, memory.Layout.Limit - 1);
                    Assert.True(!memory.Content(frame).ContainsAnyExcept((byte)0), "A zeroed frame is not zero.");
                    int on = memory.Layout.NodeOf(frame.Number);
                    Assert.True(on == preferred || !room, $"{frame} of node {on} instead of {preferred}, which has room.");
                    memory.Content(frame).Fill(0xA5);
                    taken.Add(frame);
                    perNode[on]++;
                }
                else if (taken.Count > 0)
                {
                    Pfn frame = taken[pick % taken.Count];
                    memory.Release(cpu, frame);
                    _ = taken.Remove(frame);
                    _ = set.Remove(frame);
                    perNode[memory.Layout.NodeOf(frame.Number)]--;
                }

                Assert.Equal(Frames - (uint)set.Count, memory.Allocator.CountFree());
            }
        },
        cases: 60,
        length: 400);

    [Fact]
    public void Take_LastFramesInAnotherCpusCache_FindsThem()
    {
        using PhysicalMemory memory = new(new FrameLayout(8, 1, 2, 16), new AllocationFaults());
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(MemoryStatus.Done, memory.TakeZeroed(0, -1, out Pfn frame));
            if (i < 3)
            {
                memory.Release(0, frame);
                Assert.Equal(MemoryStatus.Done, memory.TakeZeroed(0, -1, out _));
            }
        }

        for (uint number = memory.Layout.FirstFrame; number < memory.Layout.Limit; number++)
        {
            memory.Release(1, new Pfn(number));
        }

        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(MemoryStatus.Done, memory.TakeZeroed(0, -1, out _));
        }

        Assert.Equal(MemoryStatus.OutOfFrames, memory.TakeZeroed(0, -1, out _));
    }

    [Fact]
    public void Take_HostRefusesMemory_ReportsItAndTakesNothing()
    {
        AllocationFaults faults = new();
        using PhysicalMemory memory = new(new FrameLayout(100, 1, 1, 4096), faults);
        faults.Arm(1);

        MemoryStatus status = memory.TakeZeroed(0, -1, out Pfn frame);

        Assert.Equal(MemoryStatus.OutOfNativeMemory, status);
        Assert.Equal(Pfn.None, frame);
        Assert.Equal(100u, memory.Allocator.CountFree());
    }

    [Fact]
    public void FrameRecord_IsTwentyFourBytes() =>
        Assert.Equal(24, System.Runtime.CompilerServices.Unsafe.SizeOf<FrameRecord>());
}
