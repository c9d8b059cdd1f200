using System;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>What the scanner promises beyond the conformance table.</summary>
public sealed class ScannerTests : MergeIndexKinds
{
    [Theory, MemberData(nameof(Indexes))]
    public void Scan_FingerprintContents_MergesThem(MergeIndexKind index)
    {
        using Machine machine = new(new MachineOptions { Frames = 512, Content = FrameContent.Fingerprint, Index = index });
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("pages_to_scan", "1000");
        ModelProcess process = machine.Spawn();
        ulong address = process.Map(100 * KsmRig.PageSize, new MapOptions());
        process.Advise(address, 100 * KsmRig.PageSize, Advice.Mergeable);
        for (ulong i = 0; i < 100; i++)
        {
            process.On().WritePage(address + (i * KsmRig.PageSize), i % 10);
        }

        _ = machine.Ksm.Scan() && machine.Ksm.Scan();

        Assert.Equal((10, 90), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
        machine.Validate();
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Scan_WithNothingToDo_SaysSo(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Ksm ksm = rig.Machine.Ksm;
        Assert.Equal((false, false), (ksm.Batch(), ksm.Scan()));

        Area area = rig.Equal(3);
        rig.Set("pages_to_scan", 0);
        Assert.Equal((true, false), (ksm.Batch(), ksm.Scan()));
        rig.Set("pages_to_scan", 100);
        rig.Set("run", 0);
        Assert.Equal((false, false), (ksm.Batch(), ksm.Scan()));
        rig.Set("run", 1);
        rig.Scan();
        _ = area.Unmap();
        rig.Scan();
        Assert.Equal((false, false), (ksm.Batch(), ksm.Scan()));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Scan_MergeFailedHalfwayUnderFork_LeavesTheChildsPageUntilItIsWritten(MergeIndexKind index)
    {
        // Seen on Linux 6.18, scan by scan.
        using KsmRig rig = new(index);
        Area area = rig.Unique(6).Write(1, 77);
        Area child = area.In(area.Process.Fork());
        _ = area.Write(0, 77);
        FramePin loan = area.Process.Pin(area.At(0), PinKind.Reference);
        rig.Scan();
        rig.Expect(0, 0, 0, 12);
        Pfn left = area.Frame(1);
        for (int scan = 2; scan <= 4; scan++)
        {
            rig.Scan();
            rig.Expect(0, 0, 6, 6);
            Assert.Equal(left, child.Frame(1));
            Assert.NotEqual(left, area.Frame(1));
        }

        loan.Dispose();
        for (int scan = 5; scan <= 8; scan++)
        {
            rig.Scan();
            rig.Expect(1, 1, 5, 5);
            Assert.Equal(left, child.Frame(1));
        }

        _ = child.Write(1, 77);
        rig.Scan();
        rig.Expect(1, 2, 5, 4);
        Assert.Equal(area.Frame(1), child.Frame(1));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Scan_WithoutMemoryForRecords_LeavesAValidMachine(MergeIndexKind index)
    {
        for (int allocations = 0; allocations < 40; allocations++)
        {
            using KsmRig rig = new(index);
            Area area = rig.Map(rig.Spawn(), 24);
            _ = area[..16].Fill(7);
            _ = area[16..].FillUnique(100);
            rig.Machine.Store.Faults.Arm(allocations);
            for (int scan = 0; scan < 3; scan++)
            {
                _ = Record.Exception(() => rig.Machine.Ksm.Scan());
                rig.Machine.Validate();
            }

            rig.Machine.Store.Faults.Disarm();
            rig.Scan(2);
            rig.Expect(1, 15, 8, 0);
        }
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Unmerging_WithoutFrames_StopsAndLeavesAValidMachine(MergeIndexKind index)
    {
        using KsmRig rig = new(index, frames: 64);
        Area area = rig.Equal(40);
        rig.Scan(2);
        Area other = rig.Unique(60, 500);

        _ = Assert.Throws<OutOfFramesException>(() => rig.Set("run", 2));

        Assert.Equal("0", rig.Machine.Ksm.Read("run"));
        rig.Machine.Validate();
        _ = other.Unmap();
        rig.Set("run", 2);
        rig.Expect(0, 0, 0, 0);
        area.AssertNoDuplicates();
    }

    [Theory, MemberData(nameof(Indexes))]
    public async Task Scan_WhileCpusWrite_LosesNoWrite(MergeIndexKind index)
    {
        using Machine machine = new(new MachineOptions { Frames = 4096, Cpus = 2, Index = index });
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("pages_to_scan", "1000");
        machine.Ksm.Write("max_page_sharing", "8");
        ModelProcess[] processes = [machine.SpawnOn(machine.Cpus[0]), machine.SpawnOn(machine.Cpus[1])];
        using CancellationTokenSource stop = new();
        machine.Rest();
        Task[] writers = [.. machine.Cpus.Zip(processes, (cpu, process) =>
            Task.Run(cpu.Drive(() => WriteAndCheck(process, stop.Token))))];
        for (int scan = 0; scan < 400; scan++)
        {
            _ = machine.Ksm.Scan();
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        machine.Validate();
        _ = machine.Ksm.Scan();
        machine.Validate();
    }

    // Few contents, so that pages merge and are copied all the time; every page must read as it was last written.
    private static void WriteAndCheck(ModelProcess process, CancellationToken stop)
    {
        const ulong Pages = 64;
        ulong address = process.Map(Pages * KsmRig.PageSize, new MapOptions());
        process.Advise(address, Pages * KsmRig.PageSize, Advice.Mergeable);
        ulong[] written = new ulong[Pages];
        byte[] content = new byte[KsmRig.PageSize];
        byte[][] contents = new byte[4][];
        for (ulong i = 0; i < 4; i++)
        {
            contents[i] = new byte[KsmRig.PageSize];
            PageContent.Fill(contents[i], i);
        }

        Random random = new(5);
        while (!stop.IsCancellationRequested)
        {
            ulong page = (ulong)random.Next((int)Pages);
            process.On().ReadPage(address + (page * KsmRig.PageSize), content);
            Assert.True(content.AsSpan().SequenceEqual(contents[written[page]]), string.Create(CultureInfo.InvariantCulture, $"Page {page} lost a write."));
            written[page] = (ulong)random.Next(4);
            process.On().WritePage(address + (page * KsmRig.PageSize), written[page]);
        }
    }
}
