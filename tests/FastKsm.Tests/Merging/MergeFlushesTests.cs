using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using FastKsm.AddressSpaces;
using FastKsm.Scripting.Engine;
using FastKsm.Tests.Scripting;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Merging with two flushes a batch: the same counters and frames as page by page, and far fewer flushes.</summary>
public sealed class MergeFlushesTests(ITestOutputHelper output)
{
    private const ulong Page = Machines.Page;
    private const ulong Start = 0x1000 * Page;

    // FASTKSM_AGREEMENT=N: N scripts in each row, for a longer search.
    private static readonly int s_cases =
        int.TryParse(Environment.GetEnvironmentVariable("FASTKSM_AGREEMENT"), CultureInfo.InvariantCulture, out int cases) ? cases : 16;

    private static readonly MachineOptions s_batched = new() { MergeFlushes = MergeFlushes.Batched };

    // Gigabytes of pages, every one of which would be checked after every scan.
    private const string TooLarge = "merging/profit-613809.ksm";

    public static MatrixTheoryData<string, ScannerIndex> Files => new(
        [.. ScriptFiles.Runnable.Where(name => !string.Equals(name, TooLarge, StringComparison.Ordinal))], [ScannerIndex.Fingerprint, ScannerIndex.Tree]);

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
    [InlineData(MergeIndexKind.Fingerprint, 2, false, 1)]
    [InlineData(MergeIndexKind.Fingerprint, 3, true, 1)]
    [InlineData(MergeIndexKind.ContentTree, 3, false, 2)]
    [InlineData(MergeIndexKind.ContentTree, 5, true, 1)]
    [InlineData(MergeIndexKind.Fingerprint, 8, true, 1)]
    [InlineData(MergeIndexKind.Fingerprint, 16, false, 2)]
    [InlineData(MergeIndexKind.ContentTree, 256, false, 1)]
    [InlineData(MergeIndexKind.Fingerprint, 256, true, 2)]
    public void RandomScripts_BothWays_ShowTheSameAfterEveryScan(MergeIndexKind index, int maxPageSharing, bool smartScan, int nodes)
    {
        Property.ForAllScripts(
            ScanOp.NextWithMoves,
            script =>
            {
                using ScriptedMachine each = new(index, maxPageSharing, smartScan, options: new MachineOptions { Nodes = nodes });
                using ScriptedMachine batched = new(index, maxPageSharing, smartScan, options: s_batched with { Nodes = nodes });
                each.Perform(script);
                batched.Perform(script);
                Assert.Equal(each.Seen.Count, batched.Seen.Count);
                for (int scan = 0; scan < each.Seen.Count; scan++)
                {
                    // A copy that is made while replaced frames wait for their flush takes another frame.
                    string? difference = each.Seen[scan].Difference(batched.Seen[scan], byNumber: false);
                    Assert.True(difference is null, $"Scan {scan}: {difference}");
                    Assert.Equal(each.Seen[scan].Statistics, batched.Seen[scan].Statistics);
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

    // None of them may be written, so nothing has to be protected: one flush, for the frames that are given up.
    [Fact]
    public void ForkedPages_TakeOneOperation()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        ModelProcess parent = Equal(machine, 64);
        ModelProcess child = parent.Fork();
        machine.Cpus[1].Run(child);
        Assert.True(machine.Ksm.Scan());
        long before = Operations(machine);

        Assert.True(machine.Ksm.Scan());

        Assert.Equal(1, Operations(machine) - before);
        Assert.Equal((1L, 127L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
    }

    // Two equal pages, the first of them borrowed when it is to be merged: it is left out of what is protected ahead.
    [Theory]
    [InlineData(MergeFlushes.EachPage, MergeIndexKind.Fingerprint)]
    [InlineData(MergeFlushes.Batched, MergeIndexKind.Fingerprint)]
    [InlineData(MergeFlushes.EachPage, MergeIndexKind.ContentTree)]
    [InlineData(MergeFlushes.Batched, MergeIndexKind.ContentTree)]
    public void T45_PinnedPage_TakesOneOperation_KeepsItsEntry_AndIsNotMerged(MergeFlushes flushes, MergeIndexKind index)
    {
        using Machine machine = Machine(flushes, index);
        ModelProcess process = Equal(machine, 2);
        Assert.True(machine.Ksm.Scan());
        Assert.True(machine.Ksm.Scan());
        Assert.Equal((1L, 1L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
        ulong third = process.Map(Page, new MapOptions { At = Start + (16 * Page) });
        process.Touch(third, 1, 7);
        process.Advise(third, Page, Advice.Mergeable);
        machine.Cpus[1].Run(process);
        Assert.True(machine.Ksm.Scan());
        using FramePin pin = process.Pin(third, PinKind.Reference);
        Pte before = process.Translate(third);
        Assert.True(before.IsWritable);
        Assert.Empty(machine.Tlbs.TakeFlushes());

        Assert.True(machine.Ksm.Scan());

        FlushRecord flush = Assert.Single(machine.Tlbs.TakeFlushes());
        Assert.Equal((1L, true), (flush.Strides, flush.IsRemote));
        Assert.Equal(before, process.Translate(third));
        Assert.Equal((1L, 1L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
        Assert.Equal((1L, 0L), (machine.Ksm.Statistics.BorrowedPagesMet, machine.Ksm.Statistics.PagesProtectedInVain));
    }

    // The last of three equal pages is protected ahead, and does not merge; then it is borrowed. Had the batch left it clean and not
    // exclusive, the next scan would merge it under its borrower.
    [Fact]
    public void PageProtectedInVain_IsCountedWithItsBorrowerLater()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        machine.Ksm.Write("max_page_sharing", "2");
        ModelProcess process = Equal(machine, 3);
        Assert.True(machine.Ksm.Scan());
        Assert.True(machine.Ksm.Scan());
        Assert.Equal(1, machine.Ksm.Statistics.PagesProtectedInVain);
        ulong alone = Start + (2 * Page);
        Assert.False(process.IsMergedAt(alone));
        using FramePin pin = process.Pin(alone, PinKind.Reference);
        ulong other = process.Map(Page, new MapOptions { At = Start + (16 * Page) });
        process.Touch(other, 1, 7);
        process.Advise(other, Page, Advice.Mergeable);

        for (int scan = 0; scan < 3; scan++)
        {
            Assert.True(machine.Ksm.Scan());
        }

        Assert.False(process.IsMergedAt(alone));
        Assert.NotEqual(0, machine.Ksm.Statistics.BorrowedPagesMet);
    }

    // Full nodes: the last page of three finds none with room, and none to pair with.
    [Fact]
    public void PageProtectedInVain_IsCounted_AndMayBeWrittenAsBefore()
    {
        using Machine machine = Machine(MergeFlushes.Batched);
        machine.Ksm.Write("max_page_sharing", "2");
        ModelProcess process = Equal(machine, 3);
        Assert.True(machine.Ksm.Scan());
        Assert.True(machine.Ksm.Scan());
        Assert.Equal((1L, 1L), (machine.Ksm.Counters.PagesShared, machine.Ksm.Counters.PagesSharing));
        Assert.Equal(1, machine.Ksm.Statistics.PagesProtectedInVain);
        Pte entry = process.Translate(Start + (2 * Page));
        Assert.True(entry is { IsWritable: true, IsDirty: true });
        Assert.False(process.IsMergedAt(Start + (2 * Page)));

        process.Poke(Start + (2 * Page), 9);

        Assert.Equal(entry, process.Translate(Start + (2 * Page)));
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
    [Theory]
    [InlineData(MergeIndexKind.Fingerprint)]
    [InlineData(MergeIndexKind.ContentTree)]
    public async Task WritersBesideTheScan_ReadWhatTheyWrote(MergeIndexKind index)
    {
        using BatchStress stress = new(index, PlantedBug.None);

        await stress.Run(TimeSpan.FromSeconds(4), endsWhenWrong: false);

        output.WriteLine($"{stress}");
        Assert.Equal(0, stress.Wrong);
        Assert.Null(stress.Machine.Store.Oracle!.Fault);
        Assert.True(stress.Machine.CowKsm > 0, "Nothing merged while it was written.");
        stress.Machine.Validate();
    }

    // Either of the two flushes left out, each by itself: FlushSiteTests.
    [Theory]
    [InlineData(PlantedBug.BatchNotFlushed)]
    [InlineData(PlantedBug.TwinReleasedBeforeFlush)]
    [InlineData(PlantedBug.WriteNotNoticed)]
    internal async Task WritersBesideTheScan_WithAFault_BreakAnInvariant(PlantedBug bug)
    {
        using BatchStress stress = new(MergeIndexKind.Fingerprint, bug);

        _ = await Record.ExceptionAsync(() => stress.Run(TimeSpan.FromSeconds(60), endsWhenWrong: true));

        string? fault = stress.Machine.Store.Oracle!.Fault;
        output.WriteLine($"{stress}: {fault}");
        Assert.StartsWith("Invariant I", fault, StringComparison.Ordinal);
        _ = Record.Exception(stress.Dispose);
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
