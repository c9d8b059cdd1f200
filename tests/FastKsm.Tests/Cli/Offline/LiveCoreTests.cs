using System.ComponentModel;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Offline;
using FastKsm.Tests.TestKit;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Cli.Offline;

/// <summary>A process evaluated as it stands, and by the core that gcore writes of it.</summary>
public sealed class LiveCoreTests
{
    // Pages of zeroes are left out of both: a core has them where a page never was, too.
    [Fact]
    public void Evaluate_CoreOfAProcessAtRest_GivesItsCounters()
    {
        using TemporaryFiles files = new();
        using Workload workload = Workload.Start("known_pages", "--identical", "300", "--unique", "500", "--groups", "20:3", "--zero", "50");
        int pid = workload.Pids[0];
        EvaluationOptions options = new(256, UseZeroPages: true, OnlyMarked: false, Threads: 2);
        EvaluationResult live = Evaluator.Evaluate([pid], options, new EvaluationProgress(), TestContext.Current.CancellationToken);
        string core = Core(pid, files.Root);

        using MemoryImage image = CoreFile.Open(core);
        EvaluationResult offline = Evaluator.Evaluate(
            [], options with { Images = [image] }, new EvaluationProgress(), TestContext.Current.CancellationToken);

        Assert.Equal(pid, image.Pid);
        Assert.Equal(Counters(live.Total), Counters(offline.Total));
        Assert.True(offline.Images!.ZeroesLeftOut >= live.Total.KsmZeroPages);
        Assert.Equal(0, offline.Images.PagesOfAbsentFiles);
        Assert.Equal(
            live.Processes[0].Vmas.Where(vma => vma.Counts.Merging > 0).Select(vma => (vma.Vma.Start, vma.Counts.Merging)),
            offline.Processes[0].Vmas.Where(vma => vma.Counts.Merging > 0).Select(vma => (vma.Vma.Start, vma.Counts.Merging)));
    }

    private static (long, long, long, long, long) Counters(MergeForecast total) =>
        (total.PagesShared, total.PagesSharing, total.PagesUnshared, total.PagesVolatile, total.RmapItems);

    private static string Core(int pid, string directory)
    {
        string prefix = Path.Combine(directory, "core");
        try
        {
            using HostProcess gcore = HostProcess.Start(
                new System.Diagnostics.ProcessStartInfo("gcore", ["-o", prefix, $"{pid}"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            string said = gcore.StandardOutput.ReadToEnd() + gcore.StandardError.ReadToEnd();
            gcore.WaitForExit();
            Assert.SkipUnless(gcore.ExitCode == 0, $"gcore may not attach to a process here: {said.Trim().Split('\n')[^1]}");
        }
        catch (Win32Exception)
        {
            Assert.Skip("needs gcore (gdb)");
        }

        return $"{prefix}.{pid}";
    }
}
