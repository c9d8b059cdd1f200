using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Nothing on the managed heap, over all threads, once everything has been touched.</summary>
[Collection(RunsAlone.Name)]
public sealed class AllocationTests
{
    private const ulong Page = Machines.Page;

    [Fact]
    public void FaultsAndWrites_InSteadyState_AllocateNothing()
    {
        const int Pages = 3000;
        using Machine machine = Machines.Small(frames: 2 * Pages, cpus: 2, nodes: 2);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        byte[] bytes = new byte[64];
        void Work()
        {
            for (ulong i = 0; i < Pages; i++)
            {
                process.On().Read(at + (i * Page), bytes);
                process.On().Write(at + (i * Page) + 100, bytes);
                process.On().WritePage(at + (i * Page), i);
            }

            for (ulong i = 0; i < Pages; i += 7)
            {
                process.Protect(at + (i * Page), Page, Protection.Read);
                process.Protect(at + (i * Page), Page, Protection.Read | Protection.Write);
            }

            process.Advise(at, Pages * Page / 2, Advice.Free);
            process.Advise(at, Pages * Page, Advice.DontNeed);
            ulong extra = process.Map(100 * Page, new MapOptions());
            process.Unmap(extra, 100 * Page);
        }

        Assert.Equal(0, ManagedHeap.FewestBytesOf(Work));
    }

    [Fact]
    public void CopyOnWrite_InSteadyState_AllocatesNothing()
    {
        const int Pages = 1000;
        using Machine machine = Machines.Small(frames: 4 * Pages);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        process.Touch(at, Pages);
        ModelProcess[] children = [];
        byte[] bytes = new byte[8];

        void Fork()
        {
            foreach (ModelProcess child in children)
            {
                child.Exit();
            }

            children = [process.Fork(), process.Fork()];
            process.On().Write(at, bytes);
            children[0].On().Write(at, bytes);
        }

        void Copy()
        {
            for (ulong i = 0; i < Pages; i++)
            {
                process.On().Write(at + (i * Page), bytes);
                children[0].On().Write(at + (i * Page), bytes);
                children[1].On().Write(at + (i * Page), bytes);
            }
        }

        Assert.Equal(0, ManagedHeap.FewestBytesOf(Copy, Fork));
        Assert.Equal(4 * Pages - (3 * Pages), machine.FreeFrames);
    }

    // Whatever a simulator calls again and again: processes, pins, moves and page-outs among it.
    [Fact]
    public void EveryMemberOfTheFace_InSteadyState_AllocatesNothing()
    {
        const int Pages = 64;
        using Machine machine = Machines.Small(frames: 16 * Pages, cpus: 2);
        machine.Ksm.Write("run", "1");
        Cpu cpu = machine.Cpus[0];
        ModelProcess process = machine.SpawnOn(cpu);
        ulong at = cpu.Map(Pages * Page, new MapOptions());
        cpu.Advise(at, Pages * Page, Advice.Mergeable);
        byte[] content = new byte[Page];
        long seen = 0;
        void Work()
        {
            for (ulong i = 0; i < Pages; i++)
            {
                cpu.WritePage(at + (i * Page), i % 7);
                _ = cpu.TryTouch(at + (i * Page), AccessKind.Write, out Access access);
                seen += access.Faults;
                _ = cpu.TryRead(at - Page, content, out access);
            }

            ModelProcess child = cpu.Fork();
            machine.Cpus[1].Run(child);
            machine.Cpus[1].Write(at, [1]);
            machine.Cpus[1].SetMergesAnything(true);
            machine.Cpus[1].Exec();
            _ = machine.Cpus[1].Map(Page, new MapOptions { Shared = true });
            machine.Cpus[1].Exit();
            ModelProcess other = machine.Spawn();
            machine.Cpus[1].Run(other);
            machine.Cpus[1].Exit();
            seen += cpu.Migrate(process, at, Pages * Page);
            seen += cpu.PageOut(process, at, Pages * Page / 2);
            cpu.Lock(at, Page);
            cpu.Unlock(at, Page);
            using (FramePin pin = cpu.Pin(at, PinKind.Write))
            {
                pin.Read(content);
            }

            ulong shared = cpu.Map(2 * Page, new MapOptions { FileBacked = true });
            cpu.Write(shared, [1]);
            ulong moved = cpu.Remap(shared, Page, 3 * Page);
            cpu.Unmap(moved, 3 * Page);
            cpu.Unmap(shared + Page, Page);
            _ = machine.Ksm.Scan();
            _ = machine.Ksm.Scan();
            seen += machine.Ksm.Counters.PagesSharing + process.KsmStat.MergingPages + (long)process.UsageOf(at, Page).Rss;
            seen += process.MapCountAt(at) + (process.TryFindMapping(at, out _) ? 1 : 0) + machine.FreeFrames;
            seen += machine.Walks(WalkKind.Migrate).Walks;
            machine.ResetWalks();
            process.Peek(at, content);
            cpu.Idle();
            cpu.Run(process);
        }

        Assert.Equal(0, ManagedHeap.FewestBytesOf(Work));
        Assert.NotEqual(0, seen);
        machine.Validate();
    }
}
