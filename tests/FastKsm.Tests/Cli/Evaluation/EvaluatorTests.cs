using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Tests.TestKit;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Cli.Evaluation;

/// <summary>Evaluations of real processes with known contents, and of hostile ones.</summary>
/// <remarks>That the forecast is also what Linux then does is shown by tools/ci/evaluate-live.sh.</remarks>
[Trait("Category", "Live")]
public sealed partial class EvaluatorTests
{
    [Fact]
    public void Evaluate_KnownContents_CountsThemExactly()
    {
        using Workload workload = Workload.Start(
            "known_pages", "--identical", "1000", "--unique", "500", "--zero", "300", "--groups", "20:7", "--none", "30",
            "--read-only", "10", "--file", "40", "--shared", "50", "--read-fault", "50");

        EvaluationResult result = Evaluate(workload.Pids);

        // 1,080 pages of content 1 (PROT_NONE, read-only and file pages among them) and the program's own few pages. Where reads of
        // untouched memory take frames, the 50 pages that were only read are pages of zeroes as any.
        int read = ZeroFrameProbe.Try().Reads is false ? 50 : 0;
        ProcessForecast process = Assert.Single(result.Processes);
        Assert.Equal(ReadStatus.Read, process.Process.Status);
        Assert.InRange(process.Counts.Pages, 2020 + read, 2120 + read);
        Assert.InRange(result.Total.PagesUnshared, 500, 600);
        Assert.InRange(process.Counts.ZeroContent, 300 + read, 320 + read);
        Assert.Equal(5 + 20 + 2, result.Total.PagesShared);
        Assert.Equal(2, result.Total.StableNodeChains);
        Assert.Equal(process.Counts.Pages, process.Vmas.Sum(vma => vma.Counts.Pages));
        Assert.Contains(process.Vmas, vma => vma.Eligibility == VmaEligibility.Shared && vma.Vma.Length == 50 * 4096);
    }

    [Fact]
    public void Evaluate_ZeroPagesReplaced_AreCountedAsSuch()
    {
        using Workload workload = Workload.Start("known_pages", "--zero", "300", "--unique", "10");

        EvaluationResult kept = Evaluate(workload.Pids);
        EvaluationResult replaced = Evaluate(workload.Pids, Options(useZeroPages: true));

        Assert.Equal(0, kept.Total.KsmZeroPages);
        Assert.InRange(replaced.Total.KsmZeroPages, 300, 320);
        Assert.Equal(0, replaced.Total.PagesShared);
        Assert.Equal(kept.Total.RmapItems - replaced.Total.KsmZeroPages, replaced.Total.RmapItems);
    }

    // process_vm_readv would give each child copies of what it shares with its parent.
    [Fact]
    public void Evaluate_ForkedProcesses_KeepSharingTheirFrames()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "400", "--unique", "2000", "--children", "3");
        long[] before = [.. workload.Pids.Select(ProportionalSetSize)];

        EvaluationResult result = Evaluate(workload.Pids);

        Assert.True(result.Pages > 4 * 2400);
        long[] after = [.. workload.Pids.Select(ProportionalSetSize)];
        foreach ((long then, long now) in before.Zip(after))
        {
            Assert.InRange(now, then - 64, then + 64); // kB; a copy of the 2,400 pages would add 7,200.
        }
    }

    // Pagemap calls all of the parent's huge page mapped once, though its children map a part of it; pinned, it would be copied page by page.
    [Fact]
    public void Evaluate_HugePageOfForkedProcesses_StaysInOnePiece()
    {
        using Workload workload = Workload.Start("folios", "--children", "2", "--child-writes", "400", "huge:u300,z100,u50,z62");
        Assert.SkipWhen(HugeKilobytes(workload.Pids[0]) == 0, "the host does not permit this workload: it gives no huge page");

        EvaluationResult result = Evaluate(workload.Pids);

        Assert.Equal(2048, HugeKilobytes(workload.Pids[0]));
        Assert.Equal(0, result.Processes.Sum(process => process.Process.PagesLeft));
    }

    [Fact]
    public void Evaluate_ForkedProcesses_CountsFramesOnce()
    {
        using Workload workload = Workload.Start("known_pages", "--unique", "2000", "--children", "3");

        EvaluationResult result = Evaluate(workload.Pids);

        Assert.InRange(result.Total.PagesUnshared, 2000, 2200);
        Assert.InRange(result.Total.PagesVolatile, 3 * 2000, 3 * 2200);
        Assert.True(result.Total.MemorySaved(4096) < 200 * 4096, "what fork shares is no saving of KSM's");
    }

    [Fact]
    public void Evaluate_TwoProcesses_TellsDuplicatesInsideFromThoseWithOthers()
    {
        // Read-only, so that the equal pages have a VMA of their own.
        using Workload first = Workload.Start("known_pages", "--read-only", "100", "--unique", "50", "--seed", "1");
        using Workload second = Workload.Start("known_pages", "--read-only", "60", "--unique", "50", "--seed", "2");

        EvaluationResult result = Evaluate([.. first.Pids, .. second.Pids]);

        VmaForecast ofFirst = Assert.Single(result.Processes.Single(process => process.Process.Pid == first.Pids[0]).Vmas, vma => vma.Counts.Pages == 100);
        VmaForecast ofSecond = Assert.Single(result.Processes.Single(process => process.Process.Pid == second.Pids[0]).Vmas, vma => vma.Counts.Pages == 60);
        Assert.Equal((99, 1), (ofFirst.Counts.DuplicatesInside, ofFirst.Counts.DuplicatesWithOthers));
        Assert.Equal((59, 1), (ofSecond.Counts.DuplicatesInside, ofSecond.Counts.DuplicatesWithOthers));
        Assert.True(ofFirst.IsWorthMarking);
        Assert.Equal((100 * 4096) - (100 * 64), ofFirst.Counts.ProcessProfit(4096));
    }

    [Fact]
    public void Evaluate_UniqueMemory_IsNotWorthMarking()
    {
        using Workload workload = Workload.Start("known_pages", "--unique", "300");

        EvaluationResult result = Evaluate(workload.Pids);

        VmaForecast unique = Assert.Single(result.Processes[0].Vmas, vma => vma.Counts.Pages == 300);
        Assert.False(unique.IsWorthMarking);
        Assert.Equal(-300 * 64, unique.Counts.ProcessProfit(4096));
    }

    [Fact]
    public void Evaluate_ObservedPagesThatChange_AreVolatile()
    {
        using Workload busy = Workload.Start("churn", "20", "3");
        using Workload quiet = Workload.Start("known_pages", "--identical", "500");

        EvaluationResult result = Evaluate(
            [busy.Pids[0], quiet.Pids[0]], Options() with { Observe = TimeSpan.FromMilliseconds(200) });

        AssertBalanced(result);
        Assert.Equal(0, result.Processes.Single(process => process.Process.Pid == quiet.Pids[0]).Counts.Changed);
        ProcessForecast changing = result.Processes.Single(process => process.Process.Pid == busy.Pids[0]);
        Assert.True(changing.Counts.Changed + changing.Process.PagesLeft > 0, "nothing was seen to change");
    }

    [Fact]
    public void Evaluate_AnyNumberOfThreads_GivesTheSameFigures()
    {
        using Workload workload = Workload.Start(
            "known_pages", "--identical", "3000", "--unique", "3000", "--groups", "300:5", "--children", "2", "--child-writes", "100");

        MergeForecast one = Evaluate(workload.Pids, Options(maxPageSharing: 4) with { Threads = 1 }).Total;
        MergeForecast four = Evaluate(workload.Pids, Options(maxPageSharing: 4) with { Threads = 4 }).Total;

        Assert.Equal(one, four);
    }

    [Fact]
    public void Evaluate_SparseTebibyte_FindsThreePagesQuickly()
    {
        using Workload workload = Workload.Start("sparse");
        Assert.SkipUnless(PagemapScan.TellsZeroFrames, "needs PAGEMAP_SCAN (Linux 6.7): else 2 GiB of pagemap are read");

        EvaluationResult result = Evaluate(workload.Pids);

        VmaForecast sparse = Assert.Single(result.Processes[0].Vmas, vma => vma.Vma.Length == 1L << 40);
        Assert.Equal((3, 2), (sparse.Counts.Pages, sparse.Counts.Merging));
    }

    [Fact]
    public void Evaluate_SixtyThousandVmas_ReadsThemAll()
    {
        using Workload workload = Workload.Start("many_vmas", "60000");

        EvaluationResult result = Evaluate(workload.Pids);

        VmaForecast[] pieces = [.. result.Processes[0].Vmas.Where(vma => vma.Counts.Pages == 1 && vma.Vma.Length == 4096 && vma.Vma.Name.Length == 0)];
        Assert.InRange(pieces.Length, 60_000, 60_010);
        Assert.InRange(result.Total.PagesSharing, 30_000, 30_100);
    }

    [Fact]
    public void Evaluate_ProcessThatMapsForksAndExits_SurvivesIt()
    {
        using Workload workload = Workload.Start("churn", "20", "7");
        long deadline = Stopwatch.GetTimestamp() + (3 * Stopwatch.Frequency);
        int read = 0;
        while (Stopwatch.GetTimestamp() < deadline)
        {
            EvaluationResult result = Evaluate(Family(workload.Pids[0]));

            read += result.Count(ReadStatus.Read);
            AssertBalanced(result);
        }

        Assert.True(read > 0, "not one evaluation read anything");
    }

    // A descriptor opened for a dead process must not lend its name to the pages of the next one with its pid.
    [Fact]
    public void Evaluate_PidReusedInBetween_CountsNothingOfTheSuccessor()
    {
        using Workload workload = Workload.Start("pid_reuse");
        LiveProcess process = LiveProcess.Open(workload.Pids[0])!;
        workload.Tell("next");
        Assert.Equal($"reused {workload.Pids[0]}", workload.Hear());

        process.EndUse();

        Assert.Equal(ReadStatus.Exited, process.Status);
    }

    [Fact]
    public void Evaluate_PidReusedAllTheTime_KeepsTheBooksBalanced()
    {
        using Workload workload = Workload.Start("pid_reuse", "5", "10");
        for (int round = 0; round < 60; round++)
        {
            EvaluationResult result = Evaluate(workload.Pids);

            AssertBalanced(result);
        }
    }

    [Fact]
    public void Evaluate_KernelThread_IsReportedAsSuch()
    {
        Assert.SkipUnless(File.Exists("/proc/2/stat"), "needs a view of the kernel's threads (no pid namespace)");

        Assert.Equal(ReadStatus.KernelThread, Assert.Single(Evaluate([2]).Processes).Process.Status);
    }

    [Fact]
    public void Evaluate_Zombie_IsReportedAsSuch()
    {
        using HostProcess shell = HostProcess.Start(new ProcessStartInfo("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        int child = int.Parse(shell.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
        try
        {
            Assert.True(SpinWait.SpinUntil(
                () => File.ReadAllText($"/proc/{child}/stat").Contains(") Z ", StringComparison.Ordinal), TimeSpan.FromSeconds(10)));

            Assert.Equal(ReadStatus.Zombie, Assert.Single(Evaluate([child]).Processes).Process.Status);
        }
        finally
        {
            shell.Kill();
            shell.WaitForExit();
        }
    }

    // Every page is in one state, and none is left of a process that was not read to the end.
    private static void AssertBalanced(EvaluationResult result)
    {
        MergeForecast total = result.Total;
        Assert.Equal(total.RmapItems, total.PagesShared + total.PagesSharing + total.PagesUnshared + total.PagesVolatile);
        Assert.Equal(result.Pages, total.RmapItems + total.DroppedBySplit);
        Assert.All(
            result.Processes.Where(process => process.Process.Status != ReadStatus.Read),
            process => Assert.Equal(0, process.Counts.Pages));
    }

    private static EvaluationOptions Options(int maxPageSharing = 256, bool useZeroPages = false, bool onlyMarked = false) =>
        new(maxPageSharing, useZeroPages, onlyMarked, Threads: 2);

    private static EvaluationResult Evaluate(IReadOnlyList<int> pids, EvaluationOptions? options = null) =>
        Evaluator.Evaluate(pids, options ?? Options(), new EvaluationProgress(), TestContext.Current.CancellationToken);

    private static List<int> Family(int parent)
    {
        string children = $"/proc/{parent}/task/{parent}/children";
        return
        [
            parent,
            .. File.Exists(children)
                ? File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)
                : [],
        ];
    }

    private static long ProportionalSetSize(int pid) => Kilobytes(pid, ProportionalSetSizeLine());

    private static long HugeKilobytes(int pid) => Kilobytes(pid, HugePagesLine());

    private static long Kilobytes(int pid, Regex line) => long.Parse(
        line.Match(File.ReadAllText($"/proc/{pid}/smaps_rollup")).Groups["kilobytes"].Value,
        System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^AnonHugePages:\s+(?<kilobytes>\d+) kB", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HugePagesLine();

    [GeneratedRegex(@"^Pss:\s+(?<kilobytes>\d+) kB", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ProportionalSetSizeLine();
}
