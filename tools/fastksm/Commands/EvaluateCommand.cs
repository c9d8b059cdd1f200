using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm evaluate</c>: what merging would save in processes that run now.</summary>
internal static class EvaluateCommand
{
    internal static Command Create()
    {
        Option<int[]> pid = new("--pid")
        {
            Description = "A process, by id. May be repeated.",
            HelpName = "N",
            AllowMultipleArgumentsPerToken = false,
        };
        Option<string[]> name = new("--name")
        {
            Description = "Processes whose name or program file matches; * and ? stand for anything. May be repeated.",
            HelpName = "PATTERN",
        };
        Option<string[]> user = new("--user") { Description = "Processes of a user, by name or number. May be repeated.", HelpName = "USER" };
        Option<bool> all = new("--all") { Description = "Every process that may be read." };
        Option<int?> maxPageSharing = new("--max-page-sharing")
        {
            Description = "Addresses that share one frame at most. Default: the host's setting, or 256.",
            HelpName = "N",
        };
        Option<string?> useZeroPages = new("--use-zero-pages")
        {
            Description = "Replace pages of zeroes by the zero frame (0 or 1; 1 without a value). Default: the host's setting, or 0.",
            HelpName = "0|1",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string?> mergeAcrossNodes = new("--merge-across-nodes")
        {
            Description = "Merge equal pages of different NUMA nodes (0 or 1; 1 without a value). Default: the host's setting, or 1.",
            HelpName = "0|1",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> asMarked = new("--as-marked") { Description = "Count only VMAs that are marked mergeable today." };
        Option<TimeSpan?> targetScanTime = new("--target-scan-time")
        {
            Description = "Recommend settings for a full scan of this length, such as 90s, 3m or 1h.",
            HelpName = "TIME",
            CustomParser = DurationArgument.Parse,
        };
        Option<TimeSpan?> observe = new("--observe")
        {
            Description = "Read everything a second time after this long, such as 2s: pages that change in between do not merge.",
            HelpName = "TIME",
            CustomParser = DurationArgument.Parse,
        };
        Option<int?> threads = new("--threads") { Description = "Threads that read and hash. Default: all processors.", HelpName = "N" };
        Option<bool> vmas = new("--vmas") { Description = "Show every VMA with its figures, or the reason why it cannot merge." };
        Option<int> top = new("--top")
        {
            Description = "Rows of each table at most; 0 for all.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of tables." };
        Option<bool> csv = new("--csv") { Description = "Print one line a VMA as comma-separated values instead of tables." };

        Command command = new("evaluate", "Show what same-page merging would save in running processes. Nothing is enabled or changed.")
        {
            pid, name, user, all, maxPageSharing, useZeroPages, mergeAcrossNodes, asMarked, observe, targetScanTime, threads, vmas, top, json, csv,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(
            new Request(
                new ProcessSelection(
                    parsed.GetValue(pid) ?? [],
                    parsed.GetValue(name) ?? [],
                    [.. (parsed.GetValue(user) ?? []).Select(UserArgument.ToUserId)],
                    parsed.GetValue(all)),
                parsed.GetValue(maxPageSharing),
                SwitchArgument.Parse(parsed.GetResult(useZeroPages)),
                SwitchArgument.Parse(parsed.GetResult(mergeAcrossNodes)),
                parsed.GetValue(asMarked),
                parsed.GetValue(observe),
                parsed.GetValue(targetScanTime),
                parsed.GetValue(threads),
                parsed.GetValue(vmas),
                parsed.GetValue(top),
                parsed.GetValue(json),
                parsed.GetValue(csv)),
            cancellation)));
        return command;
    }

    private static int Run(Request request, CancellationToken cancellation)
    {
        Check(request);
        IReadOnlyList<int> pids = request.Selection.FindPids();
        if (pids.Count == 0)
        {
            throw new ToolException(ExitCode.BadInput, "no running process matches --name or --user.");
        }

        HostKsm host = HostKsm.Read();
        EvaluationOptions options = new(
            request.MaxPageSharing ?? host.MaxPageSharing,
            request.UseZeroPages ?? host.UseZeroPages,
            request.AsMarked,
            request.Threads ?? Environment.ProcessorCount,
            request.Observe ?? TimeSpan.Zero,
            request.MergeAcrossNodes ?? host.MergeAcrossNodes);

        EvaluationResult result;
        EvaluationProgress progress = new();
        using (ProgressDisplay.Start(progress))
        {
            result = Evaluator.Evaluate(pids, options, progress, cancellation);
        }

        CheckOutcome(request.Selection, result);
        if (request.Csv)
        {
            CsvReport.Write(result, Console.Out);
            return ExitCode.Success;
        }

        ScanPrice price = ScanPrice.Of(
            result, ScanCalibration.Measure(host), TimerTick.Probe(), request.TargetScanTime?.TotalSeconds);
        if (request.Json)
        {
            using Stream stream = Console.OpenStandardOutput();
            JsonReport.Write(result, price, stream);
        }
        else
        {
            TableReport.Write(result, price, request.ShowVmas, request.Top == 0 ? int.MaxValue : request.Top);
        }

        return ExitCode.Success;
    }

    private static void Check(Request request)
    {
        ProcessSelection selection = request.Selection;
        if (!OperatingSystem.IsLinux())
        {
            throw new ToolException(ExitCode.NotPermitted, "evaluate reads /proc, which only Linux has.");
        }

        if (!selection.All && selection.Pids.Count + selection.NamePatterns.Count + selection.UserIds.Count == 0)
        {
            throw new ToolException(ExitCode.BadInput, "say which processes: --pid N, --name PATTERN, --user USER or --all.");
        }

        foreach (int pid in selection.Pids.Where(pid => pid <= 0))
        {
            throw new ToolException(ExitCode.BadInput, $"--pid {pid}: a process id is at least 1.");
        }

        if (request.MaxPageSharing is < 2)
        {
            throw new ToolException(ExitCode.BadInput, $"--max-page-sharing {request.MaxPageSharing}: from 2 to {int.MaxValue}.");
        }

        if (request.Threads is < 1 or > 1024)
        {
            throw new ToolException(ExitCode.BadInput, $"--threads {request.Threads}: from 1 to 1024.");
        }

        if (request.Top < 0)
        {
            throw new ToolException(ExitCode.BadInput, $"--top {request.Top}: 0 for all rows, or a number of rows.");
        }

        if (request.Json && request.Csv)
        {
            throw new ToolException(ExitCode.BadInput, "--json and --csv are two forms of one output; take one of them.");
        }
    }

    // A pid that was asked for must exist; of many processes, some may go while they are read.
    private static void CheckOutcome(ProcessSelection selection, EvaluationResult result)
    {
        HashSet<int> found = [.. result.Processes.Select(process => process.Process.Pid)];
        foreach (int pid in selection.Pids.Where(pid => !found.Contains(pid)))
        {
            throw new ToolException(ExitCode.BadInput, $"--pid {pid}: no such process.");
        }

        if (result.Count(ReadStatus.Read) > 0)
        {
            return;
        }

        if (result.Count(ReadStatus.NotPermitted) > 0)
        {
            throw new ToolException(ExitCode.NotPermitted, PermissionAdvice.Describe(result.Count(ReadStatus.NotPermitted)));
        }

        ProcessForecast? first = result.Processes.Count > 0 ? result.Processes[0] : null;
        throw new ToolException(ExitCode.BadInput, first is null
            ? "no process was left to read."
            : $"process {first.Process.Pid} ({first.Process.Stat.Name}) has no memory to read: {Wording.Of(first.Process.Status)}.");
    }

    private sealed record Request(
        ProcessSelection Selection,
        int? MaxPageSharing,
        bool? UseZeroPages,
        bool? MergeAcrossNodes,
        bool AsMarked,
        TimeSpan? Observe,
        TimeSpan? TargetScanTime,
        int? Threads,
        bool ShowVmas,
        int Top,
        bool Json,
        bool Csv);
}
