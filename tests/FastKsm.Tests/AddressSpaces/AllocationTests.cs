using FastKsm.Primitives;
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
        Process process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        byte[] bytes = new byte[64];
        void Work()
        {
            for (ulong i = 0; i < Pages; i++)
            {
                process.Cpu.Read(process, at + (i * Page), bytes);
                process.Cpu.Write(process, at + (i * Page) + 100, bytes);
                process.Cpu.WritePage(process, at + (i * Page), i);
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
        Process process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        process.Touch(at, Pages);
        Process[] children = [];
        byte[] bytes = new byte[8];

        void Fork()
        {
            foreach (Process child in children)
            {
                child.Exit();
            }

            children = [process.Fork(), process.Fork()];
            process.Cpu.Write(process, at, bytes);
            children[0].Cpu.Write(children[0], at, bytes);
        }

        void Copy()
        {
            for (ulong i = 0; i < Pages; i++)
            {
                process.Cpu.Write(process, at + (i * Page), bytes);
                children[0].Cpu.Write(children[0], at + (i * Page), bytes);
                children[1].Cpu.Write(children[1], at + (i * Page), bytes);
            }
        }

        Assert.Equal(0, ManagedHeap.FewestBytesOf(Copy, Fork));
        Assert.Equal(4 * Pages - (3 * Pages), machine.FreeFrames);
    }
}
