using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Tests.TestKit;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Cli.Evaluation;

/// <summary>Evaluations of recorded processes, as kernels show them that are not at hand.</summary>
public sealed class RecordedProcTests
{
    private const ulong Start = 0x1000_0000;
    private const ulong FirstUnique = 1000;

    private static readonly HostKsm s_stopped = new(
        IsPresent: true, IsWritable: true, "6.12.0", Run: 0, MaxPageSharing: 256, UseZeroPages: false, PagesToScan: 100,
        SleepMilliseconds: 20, PagesScanned: 1)
    { PagesShared = 3 };

    public RecordedProcTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");

    // Linux 6.12, merged: 400 equal pages on two KSM pages, 100 pages of zeroes on one, 100 unique ones. kpageflags shows
    // the KSM bit for all of them.
    [Fact]
    public void Evaluate_KsmBitOnEveryPage_TellsKsmPagesOtherwise()
    {
        using ProcTree tree = new();
        _ = tree.Add("11", [MergedVma(showsKsmBit: true)]);

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.ShownByAll, s_stopped), 11);

        Assert.Equal((3, 497, 100, 0), Counters(result));
        Assert.Equal(new MergedToday(500, 3, 0, 0), result.Reading!.Today);
    }

    // The same bit, and pages that fork shares beside KSM pages with one address each.
    [Fact]
    public void Evaluate_KsmBitOnEveryPage_DoesNotTakeForkedPagesForMergedOnes()
    {
        using ProcTree tree = new();
        RecordedPage?[] pages =
        [
            .. Enumerable.Range(0, 50).Select(i => (RecordedPage?)RecordedPage.Forked(FirstUnique + (ulong)i, 100 + (ulong)i, showsKsmBit: true)),
            .. Enumerable.Range(0, 20).Select(_ => (RecordedPage?)RecordedPage.Merged(7, 500)),
        ];
        _ = tree.Add("11", [new RecordedVma(Start, pages)]);
        _ = tree.Add("12", [new RecordedVma(Start, pages)]);

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.ShownByAll, s_stopped), 11, 12);

        Assert.Equal((1, 39, 50, 50), Counters(result));
    }

    // Linux 6.1: ksmd was stopped after it had merged, and smaps has no line for KSM pages.
    [Fact]
    public void Evaluate_StoppedWithMergedPages_CountsThemWhereSmapsTellsNothing()
    {
        using ProcTree tree = new(tellsKsm: false);
        _ = tree.Add("11", [MergedVma()]);

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.Right, s_stopped), 11);

        Assert.Equal((3, 497, 100, 0), Counters(result));
    }

    [Fact]
    public void Evaluate_Merged_SaysWhatIsSavedToday()
    {
        using ProcTree tree = new();
        string directory = tree.Add("11", [MergedVma()]);
        File.WriteAllText(directory + "/ksm_stat", "ksm_rmap_items 600\nksm_zero_pages 5\nksm_merging_pages 500\n");

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.Right, s_stopped), 11);

        MergedToday today = result.Reading!.Today;
        Assert.Equal(new MergedToday(500, 3, 5, 600), today);
        Assert.Equal((502 * 4096) - (600 * 64), today.Saved(4096));
        Assert.Equal(0, today.More(result.Total, 4096));
        Assert.Equal("1.92 MiB saved today, 0 more possible.", ReadingNotes.Today(result));
    }

    // Without frame numbers, the amounts in smaps and the kernel's count of the process tell it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Evaluate_MergedWithoutFrameNumbers_CountsContents(bool tellsKsm)
    {
        using ProcTree tree = new(tellsKsm, hasFrames: false);
        string directory = tree.Add("11", [MergedVma()]);
        File.WriteAllText(directory + "/ksm_merging_pages", "500\n");

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.Unreadable, s_stopped), 11);

        Assert.False(result.FramesAreKnown);
        Assert.Equal((2, 498, 100, 0), Counters(result));
        Assert.Equal(new MergedToday(500, 2, 0, 0), result.Reading!.Today);
    }

    [Theory]
    [InlineData("pagemap")]
    [InlineData("smaps")]
    [InlineData("mem")]
    public void Evaluate_FileThatTheKernelLacks_IsNamed(string file)
    {
        using ProcTree tree = new();
        File.Delete(Path.Combine(tree.Add("11", [MergedVma()]), file));

        LiveProcess process = Assert.Single(Evaluate(tree.Mount(KsmBitState.Right, s_stopped), 11).Processes).Process;

        Assert.Equal(ReadStatus.Unsupported, process.Status);
        Assert.Equal($"this kernel has no /proc/PID/{file}", process.Reason);
    }

    // Opening a pipe that nothing writes to waits for ever, as a kernel does that waits for the target's mmap lock.
    [Fact]
    public void Evaluate_CallThatDoesNotReturn_LeavesTheProcessAndReadsTheOthers()
    {
        using ProcTree tree = new();
        string stuck = tree.Add("11", [MergedVma()]);
        _ = tree.Add("12", [MergedVma(secondStart: 0x2000_0000)]);
        File.Delete(stuck + "/smaps");
        using (HostProcess maker = HostProcess.Start("mkfifo", [stuck + "/smaps"]))
        {
            maker.WaitForExit();
        }

        EvaluationResult result = Evaluate(
            tree.Mount(KsmBitState.Right, s_stopped), TimeSpan.FromMilliseconds(200), 11, 12);

        Assert.Equal(ReadStatus.Blocked, result.Processes.Single(process => process.Process.Pid == 11).Process.Status);
        Assert.Equal(600, result.Processes.Single(process => process.Process.Pid == 12).Counts.Pages);
        Assert.Equal((3, 497, 100, 0), Counters(result));
    }

    // A file system that is a process itself and has hung: the reading thread waits there, and another one takes its place.
    [Fact]
    public void Evaluate_ReadThatDoesNotReturn_LeavesTheProcessAndReadsTheOthers()
    {
        using ProcTree tree = new();
        string stuck = tree.Add("11", [MergedVma()]);
        _ = tree.Add("12", [MergedVma(secondStart: 0x2000_0000)]);
        string mountPoint = Directory.CreateDirectory(Path.Combine(tree.Root, "mount")).FullName;
        using Workload server = Workload.Start("stuck_file", mountPoint);
        File.Delete(stuck + "/mem");
        _ = File.CreateSymbolicLink(stuck + "/mem", Path.Combine(mountPoint, "stuck"));

        EvaluationResult result = Evaluate(
            tree.Mount(KsmBitState.Right, s_stopped), TimeSpan.FromMilliseconds(200), 11, 12);

        Assert.Equal(ReadStatus.Blocked, result.Processes.Single(process => process.Process.Pid == 11).Process.Status);
        Assert.Equal((3, 497, 100, 0), Counters(result));
    }

    [Fact]
    public void Evaluate_LeaderThatHasEnded_IsReadThroughALivingThread()
    {
        using ProcTree tree = new();
        string leader = tree.Add("11", [], state: 'Z');
        _ = tree.Add("11/task/11", [], state: 'Z');
        _ = tree.Add("11/task/13", [MergedVma()]);
        File.WriteAllText(leader + "/smaps", string.Empty);

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.Right, s_stopped), 11);

        Assert.Equal(11, Assert.Single(result.Processes).Process.Pid);
        Assert.Equal((3, 497, 100, 0), Counters(result));
    }

    // Frame numbers are hidden and kcmp(2) cannot be asked: what the pages hold decides.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Evaluate_TwoIdsWithoutFrameNumbers_AreOneIfEveryPageIsAlike(bool areAlike)
    {
        using ProcTree tree = new(hasFrames: false);
        _ = tree.Add("11", [OwnVma(lastContent: 5)]);
        _ = tree.Add("12", [OwnVma(lastContent: areAlike ? 5UL : 6UL)]);

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.Unreadable, s_stopped), 11, 12);

        LiveProcess second = result.Processes.Single(process => process.Process.Pid == 12).Process;
        Assert.Equal(areAlike ? ReadStatus.SameAddressSpace : ReadStatus.Read, second.Status);
        Assert.Equal(areAlike ? 11 : 0, second.SameAs);
    }

    [Theory]
    [InlineData("VmPin:\t    4096 kB\n", 4 << 20)]
    [InlineData("VmLck:\t    4096 kB\n", (4 << 20) - (600 * 4096))]
    [InlineData("VmPin:\t       0 kB\nVmLck:\t    2400 kB\n", 0)]
    public void Evaluate_PinnedSomewhere_IsWarnedOfWithTheAmount(string status, long expected)
    {
        using ProcTree tree = new();
        _ = tree.Add("11", [MergedVma() with { Flags = "rd wr mr mw me lo ac mg" }], status: status);

        EvaluationResult result = Evaluate(tree.Mount(KsmBitState.Right, s_stopped), 11);

        Assert.Equal(expected, result.Reading!.PinnedSomewhereBytes);
        Assert.Equal(expected > 0, ReadingNotes.Warnings(result).Any(
            text => text.StartsWith(Wording.Bytes(expected) + " are pinned", StringComparison.Ordinal)));
    }

    [Fact]
    public void Evaluate_RecordedPagemap_IsReadEntryByEntry()
    {
        using ProcTree tree = new();
        RecordedPage?[] pages = [RecordedPage.Own(1, 9), null, null, RecordedPage.Own(1, 10)];
        _ = tree.Add("11", [new RecordedVma(Start, pages)]);

        Assert.Equal((1, 1, 0, 0), Counters(Evaluate(tree.Mount(KsmBitState.Right, s_stopped), 11)));
    }

    private static RecordedVma MergedVma(bool showsKsmBit = false, ulong secondStart = Start) => new(secondStart,
    [
        .. Enumerable.Range(0, 400).Select(i => (RecordedPage?)RecordedPage.Merged(1, i < 256 ? 20UL : 21UL)),
        .. Enumerable.Repeat((RecordedPage?)RecordedPage.Merged(0, 22), 100),
        .. Enumerable.Range(0, 100).Select(i => (RecordedPage?)RecordedPage.Own(FirstUnique + (ulong)i, 100 + (ulong)i, showsKsmBit)),
    ]);

    private static RecordedVma OwnVma(ulong lastContent) => new(
        Start, [RecordedPage.Own(3, 1), null, RecordedPage.Own(4, 2), RecordedPage.Own(lastContent, 3)]);

    private static (long Shared, long Sharing, long Unshared, long Volatile) Counters(EvaluationResult result) =>
        (result.Total.PagesShared, result.Total.PagesSharing, result.Total.PagesUnshared, result.Total.PagesVolatile);

    private static EvaluationResult Evaluate(ProcMount mount, params IReadOnlyList<int> pids) =>
        Evaluate(mount, TimeSpan.FromSeconds(20), pids);

    private static EvaluationResult Evaluate(ProcMount mount, TimeSpan longestCall, params IReadOnlyList<int> pids) =>
        Evaluator.Evaluate(
            pids,
            new EvaluationOptions(256, UseZeroPages: false, OnlyMarked: false, Threads: 2) { LongestCall = longestCall },
            new EvaluationProgress(),
            TestContext.Current.CancellationToken,
            mount);
}
