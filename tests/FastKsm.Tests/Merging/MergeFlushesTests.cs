using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Scripting.Engine;
using FastKsm.Tests.Scripting;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Merging with two flushes a batch: the same counters and frames as page by page, and far fewer flushes.</summary>
public sealed class MergeFlushesTests(ITestOutputHelper output)
{
    private const ulong Page = Machines.Page;
    private const ulong Start = 0x1000 * Page;

    // FASTKSM_AGREEMENT=N: N scripts in each row, for a longer search.
    private static readonly int s_cases =
        int.TryParse(Environment.GetEnvironmentVariable("FASTKSM_AGREEMENT"), CultureInfo.InvariantCulture, out int cases) ? cases : 100;

    private static readonly MachineOptions s_batched = new() { MergeFlushes = MergeFlushes.Batched };

    public static MatrixTheoryData<string, ScannerIndex> Files =>
        new([.. ScriptFiles.Runnable], [ScannerIndex.Fingerprint, ScannerIndex.Tree]);

    [Theory]
    [MemberData(nameof(Files))]
    public void ScriptFile_BothWays_ShowsTheSameAfterEveryScan(string name, ScannerIndex index)
    {
        List<(KsmCounters Counters, KsmStatistics Statistics, long Copied)> Perform(MachineOptions options)
        {
            List<(KsmCounters, KsmStatistics, long)> seen = [];
            using Performance performance = Performance.StepByStep(
                ScriptFiles.Read(name), index, options,
                machine => seen.Add((machine.Ksm.Counters, machine.Ksm.Statistics with { PagesProtectedInVain = 0 }, machine.CowKsm)),
                counts: false);
            Assert.Null(performance.End);
            return seen;
        }

        Assert.Equal(Perform(new MachineOptions()), Perform(s_batched));
    }

    [Theory]
    [InlineData(MergeIndexKind.Fingerprint, 2, false)]
    [InlineData(MergeIndexKind.Fingerprint, 3, true)]
    [InlineData(MergeIndexKind.ContentTree, 5, false)]
    [InlineData(MergeIndexKind.Fingerprint, 8, true)]
    [InlineData(MergeIndexKind.Fingerprint, 256, false)]
    public void RandomScripts_BothWays_ShowTheSameAfterEveryScan(MergeIndexKind index, int maxPageSharing, bool smartScan)
    {
        Property.ForAllScripts(
            ScanOp.Next,
            script =>
            {
                using ScriptedMachine each = new(index, maxPageSharing, smartScan);
                using ScriptedMachine batched = new(index, maxPageSharing, smartScan, options: s_batched);
                each.Perform(script);
                batched.Perform(script);
                Assert.Equal(each.Seen.Count, batched.Seen.Count);
                for (int scan = 0; scan < each.Seen.Count; scan++)
                {
                    // A copy that is made while replaced frames wait for their flush takes another frame.
                    string? difference = each.Seen[scan].Difference(batched.Seen[scan], byNumber: false);
                    Assert.True(difference is null, $"Scan {scan}: {difference}");
                }

                Assert.Equal(each.Events.Select(entry => entry.Kind), batched.Events.Select(entry => entry.Kind));
            },
            s_cases,
            length: 150,
            firstSeed: maxPageSharing * 300_000);
    }

    [Theory]
    [InlineData(MergeFlushes.EachPage, MergeIndexKind.Fingerprint, 64, 127)]
    [InlineData(MergeFlushes.Batched, MergeIndexKind.Fingerprint, 64, 2)]
    [InlineData(MergeFlushes.EachPage, MergeIndexKind.ContentTree, 64, 127)]
    [InlineData(MergeFlushes.Batched, MergeIndexKind.ContentTree, 64, 2)]
    [InlineData(MergeFlushes.EachPage, MergeIndexKind.Fingerprint, 1024, 2047)]
    [InlineData(MergeFlushes.Batched, MergeIndexKind.Fingerprint, 1024, 2)]
    public void T70_EqualPages_TakeTwoOperationsABatch(MergeFlushes flushes, MergeIndexKind index, int pages, long operations)
    {
        using Machine machine = Machine(flushes, index);
        ModelProcess process = Equal(machine, pages);
        Assert.True(machine.Ksm.Scan());
        long before = Operations(machine);

        Assert.True(machine.Ksm.Scan());

        Assert.Equal(operations, Operations(machine) - before);
        Assert.Equal((1L, pages - 1L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
        Assert.Equal(0, machine.Ksm.Statistics.PagesProtectedInVain);

        // Nor does what comes afterwards flush for a batch that is over.
        process.Protect(Start, Page, Protection.Read);
        Assert.Equal(0, machine.Tlbs.Statistics.PendingFlushes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public void Batches_OfFewPages_TakeTwoOperationsEach(int pagesToScan)
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        _ = Equal(machine, 200);
        Assert.True(machine.Ksm.Scan());
        machine.Ksm.Write("pages_to_scan", pagesToScan.ToString(CultureInfo.InvariantCulture));
        long before = Operations(machine);

        Assert.True(machine.Ksm.Scan());

        long batches = (200 + pagesToScan - 1) / pagesToScan;
        Assert.InRange(Operations(machine) - before, 1, 2 * batches);
        Assert.Equal((1L, 199L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
    }

    [Fact]
    public void ForkedPages_TakeTwoOperations()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        ModelProcess parent = Equal(machine, 64);
        ModelProcess child = parent.Fork();
        machine.Cpus[1].Run(child);
        Assert.True(machine.Ksm.Scan());
        long before = Operations(machine);

        Assert.True(machine.Ksm.Scan());

        Assert.Equal(2, Operations(machine) - before);
        Assert.Equal((1L, 127L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
    }

    // Borrowed when they are protected: left to the merge, which counts them and leaves them alone.
    [Fact]
    public void BorrowedPages_AreNotMerged()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        ModelProcess process = Equal(machine, 8);
        using (FramePin pin = process.Pin(Start + (3 * Page), PinKind.Reference))
        {
            Assert.True(machine.Ksm.Scan());
            Assert.True(machine.Ksm.Scan());
            Assert.False(process.IsMergedAt(Start + (3 * Page)));
            Assert.Equal((1L, 6L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
            Assert.Equal(1, machine.Ksm.Statistics.BorrowedPagesMet);
        }
    }

    // Full nodes: the last page of three finds none with room, and none to pair with.
    [Fact]
    public void PageProtectedInVain_IsCounted_AndItsWriteReusesTheFrame()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        machine.Ksm.Write("max_page_sharing", "2");
        ModelProcess process = Equal(machine, 3);
        Assert.True(machine.Ksm.Scan());
        Assert.True(machine.Ksm.Scan());
        Assert.Equal((1L, 1L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
        Assert.Equal(1, machine.Ksm.Statistics.PagesProtectedInVain);
        Pfn frame = process.FrameAt(Start + (2 * Page));
        Assert.False(process.IsMergedAt(Start + (2 * Page)));

        process.Poke(Start + (2 * Page), 9);

        Assert.Equal(frame, process.FrameAt(Start + (2 * Page)));
    }

    [Fact]
    public void HostWithoutMemory_MergesPageByPage()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        _ = Equal(machine, 64);
        _ = Equal(machine, 64);
        Assert.True(machine.Ksm.Scan());
        for (int attempts = 0; attempts < 8; attempts++)
        {
            machine.Store.Faults.Arm(attempts);
            _ = machine.Ksm.Scan();
            machine.Store.Faults.Disarm();
            machine.Validate();
        }

        Assert.True(machine.Ksm.Scan());
        Assert.Equal((1L, 127L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
    }

    [Fact]
    public void ZeroPages_TakeTwoOperations_AndNoneIsInVain()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        machine.Ksm.Write("use_zero_pages", "1");
        _ = Equal(machine, 64, value: 0);
        Assert.True(machine.Ksm.Scan());
        long before = Operations(machine);

        Assert.True(machine.Ksm.Scan());

        Assert.Equal(2, Operations(machine) - before);
        Assert.Equal((64L, 0L), (machine.KsmZeroPages, machine.Ksm.Statistics.PagesProtectedInVain));
    }

    // The oracle looks on; every page must read as it was last written by the one thread that writes it.
    [Fact]
    public void WritersBesideTheScan_ReadWhatTheyWrote()
    {
        const int Pages = 96;
        const int Writers = 2;
        using Machine machine = new(new MachineOptions { Frames = 8192, Cpus = Writers + 1, BackgroundCpu = Writers, MergeFlushes = MergeFlushes.Batched });
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("pages_to_scan", "64");
        machine.Ksm.Write("smart_scan", "0");
        ModelProcess process = machine.Spawn();
        _ = process.Map(Writers * Pages * Page, new MapOptions { At = Start });
        process.Advise(Start, Writers * Pages * Page, Advice.Mergeable);
        machine.Cpus[0].Idle();
        long wrong = 0;
        bool stop = false;
        Thread[] writers = [.. Enumerable.Range(0, Writers).Select(number => new Thread(() =>
        {
            Random random = new(number);
            byte[] values = new byte[Pages];
            byte[] read = new byte[1];
            Cpu cpu = machine.Cpus[number];
            cpu.Run(process);
            while (!Volatile.Read(ref stop))
            {
                int page = random.Next(Pages);
                ulong address = Start + (((ulong)(number * Pages) + (ulong)page) * Page);
                cpu.Read(address, read);
                _ = Interlocked.Add(ref wrong, read[0] == values[page] ? 0 : 1);
                if (random.Next(3) == 0)
                {
                    values[page] = (byte)(1 + random.Next(2));
                    cpu.Write(address, [values[page]]);
                }

                if (random.Next(64) == 0)
                {
                    Thread.Sleep(1);
                }
            }

            cpu.Idle();
        }))];
        Array.ForEach(writers, writer => writer.Start());
        DateTime end = DateTime.UtcNow + TimeSpan.FromSeconds(3);
        long batches = 0;
        while (DateTime.UtcNow < end)
        {
            _ = machine.Ksm.Batch();
            batches++;
        }

        Volatile.Write(ref stop, true);
        Array.ForEach(writers, writer => writer.Join());

        output.WriteLine($"{batches} batches, {machine.CowKsm} copies, {machine.Ksm.Statistics.PagesProtectedInVain} in vain");
        Assert.Equal(0, wrong);
        Assert.Null(machine.Store.Oracle!.Fault);
        Assert.True(machine.CowKsm > 0, "Nothing merged while it was written.");
        machine.Validate();
    }

    private static Machine Machine(MergeFlushes flushes, MergeIndexKind index = MergeIndexKind.Fingerprint)
    {
        Machine machine = new(new MachineOptions { Frames = 8192, Cpus = 2, MergeFlushes = flushes, Index = index });
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("pages_to_scan", "10000");
        machine.Ksm.Write("max_page_sharing", "100000");
        return machine;
    }

    // Another CPU than ksmd's runs it.
    private static ModelProcess Equal(Machine machine, int pages, byte value = 7)
    {
        ModelProcess process = machine.Spawn();
        _ = process.Map((ulong)pages * Page, new MapOptions { At = Start });
        process.Touch(Start, pages, value);
        process.Advise(Start, (ulong)pages * Page, Advice.Mergeable);
        machine.Cpus[1].Run(process);
        return process;
    }

    private static long Operations(Machine machine)
    {
        TlbStatistics statistics = machine.Tlbs.Statistics;
        return statistics.FlushOperations + statistics.BatchOperations;
    }
}
