using System.Threading;
using System.Threading.Tasks;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>The scanner looks ahead without a latch, at leaves that become huge mappings and page tables meanwhile.</summary>
[Collection("alone")]
public sealed class ScanBesideSplitsTests
{
    private const ulong Huge = 512 * Machines.Page;
    private const ulong Start = 64 * Huge;

    [Fact]
    public async Task Scan_BesideHugeMappingsThatAreMadeSplitAndDropped_KeepsBytesAndCounts()
    {
        const int Rounds = 1500;
        using Machine machine = new(new MachineOptions { Frames = 4096, Cpus = 2 });
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("pages_to_scan", "100000");
        ModelProcess process = machine.SpawnOn(machine.Cpus[1]);
        int working = 1;
        int wrong = 0;
        void Change()
        {
            for (int round = 0; round < Rounds; round++)
            {
                _ = process.Map(Huge, new MapOptions { At = Start, HugePages = true });
                process.Advise(Start, Huge, Advice.Mergeable);
                byte value = (byte)(1 + (round % 9));
                process.Poke(Start + (77 * Machines.Page), value);
                process.Protect(Start + (100 * Machines.Page), Machines.Page, Protection.Read);
                wrong += process.Peek(Start + (77 * Machines.Page)) == value ? 0 : 1;
                process.Unmap(Start, Huge);
            }

            Volatile.Write(ref working, 0);
        }

        void Scan()
        {
            while (Volatile.Read(ref working) != 0)
            {
                _ = machine.Ksm.Scan();
            }
        }

        machine.Rest();
        await Threads.RunAll(machine.Cpus[1].Drive(Change), Scan);

        Assert.Equal(0, wrong);
        machine.Validate();
        process.Exit();
        machine.Validate();
        Assert.Equal(4096, machine.FreeFrames);
    }
}
