using System;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

/// <summary>Programs whose memory ksmd may merge: not while others compare the host's KSM with the engine.</summary>
[Trait("Category", "Live")]
[Collection("host's KSM")]
public sealed class MarkedMemoryTests
{
    [Fact]
    public void Evaluate_AsMarked_CountsOnlyWhatIsMarked()
    {
        using HostLock? alone = HostKsmUse.KeepAway();
        using Workload marked = Workload.Start("known_pages", "--advise", "--identical", "100");
        using Workload unmarked = Workload.Start("known_pages", "--identical", "100");

        EvaluationResult result = Evaluator.Evaluate(
            [.. marked.Pids, .. unmarked.Pids], new EvaluationOptions(256, UseZeroPages: false, OnlyMarked: true, Threads: 2),
            new EvaluationProgress(), TestContext.Current.CancellationToken);

        Assert.Equal(100, result.Processes.Single(process => process.Process.Pid == marked.Pids[0]).Counts.Pages);
        Assert.Equal(0, result.Processes.Single(process => process.Process.Pid == unmarked.Pids[0]).Counts.Pages);
        Assert.All(
            result.Processes.Single(process => process.Process.Pid == unmarked.Pids[0]).Vmas,
            vma => Assert.NotEqual(VmaEligibility.Eligible, vma.Eligibility));
    }

    [Fact]
    public void Exec_Merge_IsInheritedByTheProgram()
    {
        using HostLock? alone = HostKsmUse.KeepAway();
        Tool tool = Tool.Run("exec", "--merge", "--", "cat", "/proc/self/ksm_stat");
        Assert.SkipWhen(tool.ExitCode == ExitCode.NotPermitted, "needs KSM in the kernel");

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.Contains("ksm_merge_any: yes", tool.Output, StringComparison.Ordinal);
    }
}
