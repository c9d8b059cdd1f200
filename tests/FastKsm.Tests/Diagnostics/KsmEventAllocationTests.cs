#if !DEBUG // Code that is not optimised boxes what optimised code keeps in registers.
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Diagnostics;

/// <summary>What events cost while nobody listens.</summary>
[Collection(RunsAlone.Name)]
public sealed class KsmEventAllocationTests
{
    [Theory]
    [InlineData(MergeIndexKind.Fingerprint)]
    [InlineData(MergeIndexKind.ContentTree)]
    public void Scans_WhileNobodyListens_NoteAndAllocateNothing(MergeIndexKind index)
    {
        const int Pages = 200;
        using Machine machine = new(new MachineOptions { Frames = 1024, Index = index });
        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("run", "1");
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        process.Advise(at, Pages * Machines.Page, Advice.Mergeable);

        // Merges, copies and stale nodes: each of them would be an event.
        void Work()
        {
            for (ulong round = 0; round < 6; round++)
            {
                for (ulong page = 0; page < Pages; page++)
                {
                    process.On().WritePage(at + (page * Machines.Page), 1 + (round / 3) + (page % 5));
                }

                _ = machine.Ksm.Scan();
                _ = machine.Ksm.Scan();
            }
        }

        Assert.False(machine.Events.IsOn);
        Assert.Equal(0, ManagedHeap.FewestBytesOf(Work));
        Assert.True(machine.Ksm.Counters.PagesSharing > 0);
    }
}
#endif
