using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

/// <summary>How real processes are found and read: several ids, ended leaders, handlers of faults, memory that cannot merge.</summary>
[Trait("Category", "Live")]
[Collection("host's KSM")]
public sealed class ReadingTests
{
    [Theory]
    [InlineData("clone", true)]
    [InlineData("vfork", true)]
    [InlineData("thread", true)]
    [InlineData("leave", true)]
    [InlineData("clone", false)]
    [InlineData("vfork", false)]
    [InlineData("thread", false)]
    [InlineData("leave", false)]
    public void Evaluate_OneAddressSpaceUnderTwoIds_IsCountedOnce(string kind, bool mayPassIds)
    {
        using Workload workload = Workload.Start("one_memory", kind, "400", "100");

        EvaluationResult result = Evaluate(workload.Pids, ProcMount.Inspect("/proc", mayPassIds: mayPassIds));

        Assert.Equal(1, result.Count(ReadStatus.Read));
        LiveProcess same = result.Processes.Single(process => process.Process.Status == ReadStatus.SameAddressSpace).Process;
        Assert.Equal((workload.Pids[1], workload.Pids[0]), (same.Pid, same.SameAs));
        Assert.InRange(result.Pages, 500, 560);
        Assert.InRange(result.Total.PagesSharing, 99, 110);
    }

    [Fact]
    public void Evaluate_LeaderThatHasEnded_IsCounted()
    {
        using Workload workload = Workload.Start("one_memory", "leave", "400", "100");

        EvaluationResult result = Evaluate([workload.Pids[0]]);

        Assert.Equal(ReadStatus.Read, Assert.Single(result.Processes).Process.Status);
        Assert.InRange(result.Total.PagesUnshared, 400, 450);
        Assert.InRange(result.Total.PagesSharing, 99, 110);
    }

    // Forked processes have all addresses in common, and no address space.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Evaluate_ForkedProcesses_AreNotTakenForOne(bool mayPassIds)
    {
        using Workload workload = Workload.Start("known_pages", "--unique", "100", "--children", "5");

        EvaluationResult result = Evaluate(workload.Pids, ProcMount.Inspect("/proc", mayPassIds: mayPassIds));

        Assert.Equal(6, result.Count(ReadStatus.Read));
    }

    // Read through /proc/PID/mem alone, as where the ids of /proc mean other processes to system calls.
    [Fact]
    public void Evaluate_WithoutPassingIds_CountsTheSame()
    {
        using Workload workload = Workload.Start(
            "known_pages", "--identical", "300", "--unique", "200", "--zero", "50", "--none", "20", "--children", "2");

        MergeForecast byId = Evaluate(workload.Pids).Total;
        MergeForecast byFile = Evaluate(workload.Pids, ProcMount.Inspect("/proc", mayPassIds: false)).Total;

        Assert.Equal(byId, byFile);
    }

    // The handler never answers: a fault that the reader raised would make it wait for ever.
    [Fact]
    public void Evaluate_MemoryWithAHandlerThatDoesNotAnswer_RaisesNoFault()
    {
        using Workload workload = Workload.Start("lazy_pages", "16384");
        for (int round = 0; round < 4; round++)
        {
            EvaluationResult result = Evaluate(workload.Pids);

            ProcessForecast process = Assert.Single(result.Processes);
            Assert.Equal(ReadStatus.Read, process.Process.Status);
            Assert.Contains(process.Vmas, vma => vma.Vma.AsksAHandler && vma.Counts.Pages > 0);
        }

        workload.EndInput();
        Assert.Equal("faults 0", workload.Hear());
    }

    // Linux 6.18, measured: the held page that is visited first waits in the unstable tree, and its equals meet it in vain. A
    // held page behind free ones finds their KSM page in vain. A held page of zeroes would wait as any other.
    [Theory]
    [InlineData(0, 0, false, 3, 497, 100, 0)]
    [InlineData(0, 200, false, 1, 99, 101, 399)]
    [InlineData(200, 200, false, 2, 298, 100, 200)]
    [InlineData(1, 1, false, 3, 496, 100, 1)]
    [InlineData(0, 200, true, 0, 0, 101, 399)]
    [InlineData(200, 200, true, 1, 199, 100, 200)]
    public void Evaluate_BuffersRegisteredForIo_DoNotMerge(
        int first, int count, bool useZeroPages, long shared, long sharing, long unshared, long changing)
    {
        using HostLock? alone = HostKsmUse.KeepAway();
        using Workload workload = Workload.Start(
            "pinned_pages", first.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture));

        EvaluationResult result = Evaluate(workload.Pids, onlyMarked: true, useZeroPages: useZeroPages);

        Assert.Equal(
            (shared, sharing, unshared, changing),
            (result.Total.PagesShared, result.Total.PagesSharing, result.Total.PagesUnshared, result.Total.PagesVolatile));
        Assert.Equal(useZeroPages ? 100 : 0, result.Total.KsmZeroPages);
        Assert.Equal((count * 4096L, 0), (result.Reading!.PinnedBytes, result.Reading.PinnedSomewhereBytes));
    }

    // Linux 6.18, measured: a huge page of which one page is held stays in one piece, and nothing in it merges.
    [Fact]
    public void Evaluate_BufferInAHugePage_KeepsAllOfItFromMerging()
    {
        using HostLock? alone = HostKsmUse.KeepAway();
        using Workload workload = Workload.Start("pinned_pages", "5", "3", "huge");

        EvaluationResult result = Evaluate(workload.Pids, onlyMarked: true);

        Assert.SkipUnless(result.FramesAreKnown, "needs frame numbers (root with CAP_SYS_ADMIN)");
        Assert.Equal((0, 0), (result.Total.PagesShared, result.Total.PagesSharing));
        Assert.Equal((102, 498), (result.Total.PagesUnshared, result.Total.PagesVolatile));
    }

    [Fact]
    public void Evaluate_SharedMemory_IsSummedUp()
    {
        using Workload workload = Workload.Start("known_pages", "--shared", "512", "--unique", "10");

        EvaluationResult result = Evaluate(workload.Pids);

        Assert.InRange(result.Reading!.Shared.Shm, 512 * 4096, 520 * 4096);
        Assert.Contains(
            ReadingNotes.Facts(result),
            text => text.EndsWith("MiB more are mapped shared (shared memory) and cannot merge.", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_AsMarkedWithNothingMarked_SaysSo()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "50");

        EvaluationResult result = Evaluate(workload.Pids, onlyMarked: true);

        Assert.Equal(0, result.Reading!.MarkedVmas);
        Assert.Contains(
            ReadingNotes.Warnings(result),
            text => text.StartsWith("No memory of these processes is marked mergeable today", StringComparison.Ordinal));
    }

    private static EvaluationResult Evaluate(
        IReadOnlyList<int> pids, ProcMount? mount = null, bool onlyMarked = false, bool useZeroPages = false) =>
        Evaluator.Evaluate(
            pids,
            new EvaluationOptions(256, useZeroPages, onlyMarked, Threads: 2),
            new EvaluationProgress(),
            TestContext.Current.CancellationToken,
            mount);
}
