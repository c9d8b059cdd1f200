using System;
using System.Collections.Generic;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Memory;

/// <summary>Blocks of 512 frames beside single ones, against a set of the frames that are out.</summary>
public sealed class FrameBlockTests
{
    private const uint Frames = 5000;
    private const int Nodes = 2;
    private const int Cpus = 2;

    private enum Act
    {
        Take,
        Give,
        TakeHuge,
        GiveHuge,
        Dissolve,
    }

    [Fact]
    public void TakeAndGive_RandomScripts_AgreeWithASet()
    {
        int taken = 0;
        int refused = 0;
        Property.ForAllScripts(
            random => (Act: random.Next(20) switch { < 7 => Act.Take, < 13 => Act.Give, < 17 => Act.TakeHuge, < 19 => Act.GiveHuge, _ => Act.Dissolve },
                Cpu: random.Next(Cpus), Node: random.Next(-1, Nodes), Pick: random.Next(), Count: 1 + random.Next(400)),
            script =>
            {
                using PhysicalMemory memory = new(new FrameLayout(Frames, Nodes, Cpus, 16), new AllocationFaults());
                List<Pfn> singles = [];
                List<Pfn> blocks = [];
                HashSet<uint> outside = [];
                foreach ((Act act, int cpu, int node, int pick, int count) in script)
                {
                    switch (act)
                    {
                        case Act.Take:
                            for (int i = 0; i < count && memory.TakeZeroed(cpu, node, out Pfn frame) == MemoryStatus.Done; i++)
                            {
                                TakeOut(memory, outside, frame);
                                singles.Add(frame);
                            }

                            break;
                        case Act.Give:
                            for (int i = 0; i < count && singles.Count > 0; i++)
                            {
                                Pfn frame = singles[(pick + i) % singles.Count];
                                _ = singles.Remove(frame);
                                _ = outside.Remove(frame.Number);
                                memory.Release(cpu, frame);
                            }

                            break;
                        case Act.TakeHuge when memory.TakeHuge(cpu, node, out Pfn first) == MemoryStatus.Done:
                            Assert.Equal(0u, first.Number % Sizes.HugePages);
                            Assert.Equal(memory.Layout.NodeOf(first.Number), memory.Layout.NodeOf(first.Number + Sizes.HugePages - 1));
                            for (uint i = 0; i < Sizes.HugePages; i++)
                            {
                                TakeOut(memory, outside, new Pfn(first.Number + i));
                            }

                            blocks.Add(first);
                            taken++;
                            break;
                        case Act.TakeHuge:
                            Assert.False(HasWholeBlock(memory, outside), "A block was free, and was not found.");
                            refused++;
                            break;
                        case Act.GiveHuge when blocks.Count > 0:
                            Pfn given = blocks[pick % blocks.Count];
                            _ = blocks.Remove(given);
                            outside.RemoveWhere(number => PhysicalMemory.HeadOf(new Pfn(number)) == given);

                            // Any of its frames stands for the whole.
                            memory.Release(cpu, new Pfn(given.Number + ((uint)pick % Sizes.HugePages)));
                            break;
                        case Act.Dissolve when blocks.Count > 0:
                            Pfn apart = blocks[pick % blocks.Count];
                            _ = blocks.Remove(apart);
                            Pfn held = new(apart.Number + ((uint)pick % Sizes.HugePages));
                            outside.RemoveWhere(number => PhysicalMemory.HeadOf(new Pfn(number)) == apart);
                            memory.Dissolve(cpu, held);
                            _ = outside.Add(held.Number);
                            singles.Add(held);
                            break;
                    }

                    Assert.Equal(Frames - (uint)outside.Count, memory.Allocator.CountFree());
                    Assert.Equal(blocks.Count, memory.HugePages);
                }

                HashSet<uint> free = [];
                memory.Allocator.ForEachFree(frame => Assert.True(free.Add(frame.Number) && !outside.Contains(frame.Number)));
            },
            cases: 30,
            length: 120);
        Assert.True(taken > 200 && refused > 20, $"{taken} blocks taken, {refused} refused.");
    }

    [Fact]
    public void TakeZeroed_OnlyBlocksLeft_BreaksOne()
    {
        using PhysicalMemory memory = new(new FrameLayout(1022, 1, 1, 16), new AllocationFaults());
        Assert.Equal(MemoryStatus.Done, memory.TakeHuge(0, -1, out Pfn block));
        memory.Release(0, block);
        for (int i = 0; i < 1022; i++)
        {
            Assert.Equal(MemoryStatus.Done, memory.TakeZeroed(0, -1, out _));
        }

        Assert.Equal(MemoryStatus.OutOfFrames, memory.TakeZeroed(0, -1, out _));
        Assert.Equal(MemoryStatus.OutOfFrames, memory.TakeHuge(0, -1, out _));
    }

    private static void TakeOut(PhysicalMemory memory, HashSet<uint> outside, Pfn frame)
    {
        Assert.True(outside.Add(frame.Number), $"{frame} was handed out twice.");
        Assert.False(memory.Content(frame).ContainsAnyExcept((byte)0), "A zeroed frame is not zero.");
        memory.Content(frame).Fill(0xA5);
    }

    // Of frames that were all used before, or all never used: a block that is begun and never finished is not one.
    private static bool HasWholeBlock(PhysicalMemory memory, HashSet<uint> outside)
    {
        for (uint first = Sizes.HugePages; first + Sizes.HugePages <= memory.Layout.Limit; first += Sizes.HugePages)
        {
            bool whole = memory.Layout.NodeOf(first) == memory.Layout.NodeOf(first + Sizes.HugePages - 1)
                && memory.Allocator.HasReached(first) == memory.Allocator.HasReached(first + Sizes.HugePages - 1);
            for (uint i = 0; i < Sizes.HugePages && whole; i++)
            {
                whole = !outside.Contains(first + i);
            }

            if (whole)
            {
                return true;
            }
        }

        return false;
    }
}
