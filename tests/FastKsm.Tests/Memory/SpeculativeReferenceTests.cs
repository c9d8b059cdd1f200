using System;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Memory;

/// <summary>References that are asked for by a frame's number, with no idea of what the frame is at that moment.</summary>
[Collection("alone")]
public sealed class SpeculativeReferenceTests
{
    private const ulong Page = Machines.Page;
    private const ulong Huge = 512 * Page;
    private const ulong Start = 64 * Huge;

    // The numbers that the later records of a huge page keep must not pass for references, whoever shares the page.
    [Fact]
    public void LaterFrameOfAHugePage_HasNoReferenceToAddTo()
    {
        using Machine machine = Machines.Small(frames: 8192);
        ModelProcess process = MapHuge(machine.Spawn());
        ModelProcess child = process.Fork();
        ModelProcess grandchild = child.Fork();
        child.Protect(Start, Page, Protection.Read);
        Pfn head = process.FrameAt(Start);
        Assert.Equal(3, process.MapCountAt(Start));

        for (uint i = 1; i < 512; i++)
        {
            Assert.False(machine.Store.Frames[new Pfn(head.Number + i)].TryAddReference(), $"Frame {i} of the huge page gave one.");
        }

        machine.Validate();
        grandchild.Exit();
    }

    [Fact]
    public void TryBorrow_OfAnyFrameOfAHugePage_IsAReferenceToTheWhole()
    {
        using Machine machine = Machines.Small(frames: 8192);
        ModelProcess process = MapHuge(machine.Spawn());
        Pfn part = process.FrameAt(Start + (9 * Page));

        Assert.True(machine.Store.Frames.TryBorrow(0, part));
        Assert.Equal(2, machine.Store.Frames.HolderOf(part).References);

        // Nobody takes it apart meanwhile.
        process.Advise(Start, 4 * Page, Advice.Free);
        Assert.True(process.IsHugeAt(Start));
        process.Exit();
        Assert.Equal(8192 - 512, machine.FreeFrames);
        machine.Store.Frames.Release(0, part);
        Assert.Equal(8192, machine.FreeFrames);
        Assert.False(machine.Store.Frames.TryBorrow(0, part));
        machine.Validate();
    }

    [Fact]
    public async Task TryBorrow_BesideHugePagesThatComeGoAndAreTakenApart_LosesNoReference()
    {
        const int Rounds = 2000;
        using Machine machine = new(new MachineOptions { Frames = 4096, Cpus = 3 });
        PhysicalMemory frames = machine.Store.Frames;
        int working = 2;
        long borrowed = 0;

        void Work(int cpu)
        {
            ModelProcess process = machine.SpawnOn(machine.Cpus[cpu]);
            for (int round = 0; round < Rounds; round++)
            {
                _ = MapHuge(process);
                switch (round % 3)
                {
                    case 0:
                        process.Advise(Start, 8 * Page, Advice.Free);
                        break;
                    case 1:
                        _ = process.Migrate(Start, Page);
                        break;
                    default:
                        break;
                }

                process.Unmap(Start, Huge);
            }

            process.Exit();
            _ = Interlocked.Decrement(ref working);
        }

        void Borrow()
        {
            Random random = new(1);
            while (Volatile.Read(ref working) != 0)
            {
                Pfn frame = new((uint)random.Next((int)frames.Layout.FirstFrame, (int)frames.Layout.Limit));
                if (frames.IsKnown(frame) && frames.TryBorrow(2, frame))
                {
                    borrowed++;
                    frames.Release(2, frame);
                }
            }
        }

        await Threads.RunAll(() => Work(0), () => Work(1), Borrow);

        Assert.NotEqual(0, borrowed);
        machine.Validate();
        Assert.Equal(4096, machine.FreeFrames);
    }

    // The merger, movers, the pager and MADV_FREE meet them, at once.
    [Fact]
    public async Task BorrowedPagesMet_ByManyThreads_AreAllCounted()
    {
        const int Meetings = 5_000_000;
        using Machine machine = Machines.Small(frames: 8192);
        ModelProcess process = MapHuge(machine.Spawn());
        using (process.Pin(Start, PinKind.Reference))
        {
            Assert.Equal(0, process.Migrate(Start, Page));
        }

        void Meet()
        {
            for (int i = 0; i < Meetings; i++)
            {
                machine.Store.CountBorrowedPageMet();
            }
        }

        machine.Rest();
        await Threads.RunAll(Meet, Meet, Meet);

        Assert.Equal((3 * Meetings) + 1, machine.Ksm.Statistics.BorrowedPagesMet);
    }

    private static ModelProcess MapHuge(ModelProcess process)
    {
        _ = process.Map(Huge, new MapOptions { At = Start, HugePages = true });
        process.Poke(Start, 1);
        return process;
    }
}
