using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Templates;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Html;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm evaluate</c>: what merging would save in processes that run now.</summary>
internal static class EvaluateCommand
{
    private const int MostInstances = 1_000_000;

    internal static Command Create()
    {
        SelectionOptions selection = new("evaluate");
        Option<string[]> core = new("--core")
        {
            Description = "An ELF core file, as gcore or the kernel writes it. May be repeated.",
            HelpName = "FILE",
        };
        Option<string[]> image = new("--image")
        {
            Description = "A file of raw memory: a virtual machine's. May be repeated.",
            HelpName = "FILE",
        };
        Option<string[]> criu = new("--criu")
        {
            Description = "A directory of CRIU's checkpoint images. May be repeated.",
            HelpName = "DIR",
        };
        selection.Beside(core, image, criu);
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
        Option<int?> threads = new("--threads")
        {
            Description = "Threads that read and hash. Default: all processors.",
            HelpName = "N",
        };
        Option<bool> vmas = new("--vmas")
        {
            Description = "Show every VMA with its figures, or the reason why it cannot merge.",
        };
        Option<OwnerKind?> by = new("--by")
        {
            Description = "Sum up by systemd unit, container, cgroup, user or command.",
            HelpName = "OWNER",
            CustomParser = OwnerArgument.Parse,
        };
        by.CompletionSources.Clear(); // .NET's names of the kinds are no words of ours.
        by.CompletionSources.Add(_ => OwnerArgument.Words);
        Option<int?> more = new("--more")
        {
            Description = "Show what this many further instances of each owner would cost, merged and unmerged (--by command, if no other is given).",
            HelpName = "N",
        };
        Option<string?> template = new("--template")
        {
            Description = "Compare with the snapshot that all were started from: a core, raw memory, or a directory of checkpoint images.",
            HelpName = "FILE",
        };
        Option<bool> compress = new("--compress")
        {
            Description = "Also tell what the same memory would take compressed, as by zram, and both.",
        };
        Option<bool> nearly = new("--nearly")
        {
            Description = "Also tell how much would merge with pointers masked and in parts of 1 KiB and 256 bytes, and why it does not.",
        };
        Option<int> top = new("--top")
        {
            Description = "Rows of each table at most; 0 for all.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of tables." };
        Option<bool> csv = new("--csv")
        {
            Description = "Print one line a VMA as comma-separated values instead of tables.",
        };

        Option<bool> openMetrics = new("--openmetrics")
        {
            Description = "Print OpenMetrics text (node_exporter's textfile collector).",
        };
        Option<string?> output = new("--output")
        {
            Description = "Write to a file instead, whole or not at all.",
            HelpName = "FILE",
        };
        Option<string?> html = new("--html")
        {
            Description = "Write one self-contained page with plots too, whole or not at all.",
            HelpName = "FILE",
        };
        Option<SavingGoal?> failUnder = new("--fail-under")
        {
            Description = "Exit with 1 if less than this would be saved: a size such as 100M, or a share such as 5%.",
            HelpName = "SIZE|PERCENT",
            CustomParser = SavingGoal.Parse,
        };

        Command command = new("evaluate", "Show what same-page merging would save in running processes. Nothing is enabled or changed.");
        selection.AddTo(command);
        foreach (Option option in (Option[])[
            core, image, criu, maxPageSharing, useZeroPages, mergeAcrossNodes, asMarked, observe, targetScanTime, failUnder, threads, by,
            more, nearly, template, compress, vmas, top, json, csv, openMetrics, output, html,
        ])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => Run(
            new Request(
                selection,
                selection.Read(parsed),
                selection.TextOf(parsed),
                new ImageArguments(parsed.GetValue(core) ?? [], parsed.GetValue(image) ?? [], parsed.GetValue(criu) ?? []),
                parsed.GetValue(maxPageSharing),
                SwitchArgument.Parse(parsed.GetResult(useZeroPages)),
                SwitchArgument.Parse(parsed.GetResult(mergeAcrossNodes)),
                parsed.GetValue(asMarked),
                parsed.GetValue(observe),
                parsed.GetValue(targetScanTime),
                parsed.GetValue(failUnder),
                parsed.GetValue(threads),
                parsed.GetValue(by) ?? (parsed.GetValue(more) is null ? null : OwnerKind.Command),
                parsed.GetValue(more) ?? 1,
                parsed.GetValue(nearly),
                parsed.GetValue(template),
                parsed.GetValue(compress),
                parsed.GetValue(vmas),
                parsed.GetValue(top),
                FormatOf(parsed.GetValue(json), parsed.GetValue(csv), parsed.GetValue(openMetrics)),
                parsed.GetValue(output),
                parsed.GetValue(html)),
            parsed.InvocationConfiguration.Output));
        return command;
    }

    private static ReportFormat FormatOf(bool json, bool csv, bool openMetrics) => (json, csv, openMetrics) switch
    {
        (false, false, false) => ReportFormat.Table,
        (true, false, false) => ReportFormat.Json,
        (false, true, false) => ReportFormat.Csv,
        (false, false, true) => ReportFormat.OpenMetrics,
        _ => throw new ToolException(ExitCode.BadInput, "--json, --csv and --openmetrics are forms of one output; take one of them."),
    };

    private static int Run(Request request, TextWriter output)
    {
        Check(request);
        IReadOnlyList<int> pids = request.Selection.IsEmpty ? [] : request.Options.Find(request.Selection);
        using OpenImages images = request.Images.Open();
        HostKsm host = HostKsm.Read();
        EvaluationOptions options = new(
            request.MaxPageSharing ?? host.MaxPageSharing,
            request.UseZeroPages ?? host.UseZeroPages,
            request.AsMarked,
            request.Threads ?? Environment.ProcessorCount,
            request.Observe ?? TimeSpan.Zero,
            request.MergeAcrossNodes ?? host.MergeAcrossNodes)
        {
            By = request.By,
            Nearly = request.Nearly,
            Images = images.All,
            Template = request.TemplateFile is { } snapshot ? Template.Read(snapshot) : null,
            Compress = request.Compress,
        };

        (EvaluationResult result, ScanPrice price) = Evaluate(request, pids, options, host);
        HostKsmCounters? counters = HostKsmCounters.TryRead();
        if (request.HtmlFile is { } page)
        {
            WritePage(page, result, price, counters, ViewOf(request));
        }

        if (request.OutputFile is { } file)
        {
            Output.OutputFile.Write(file, stream =>
            {
                using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
                Write(request, result, price, counters, stream, new ReportWriter(writer, TerminalTraits.OfFile()), writer);
            });
        }
        else
        {
            using Stream stream = StandardOutput.Open();
            Write(request, result, price, counters, stream, new ReportWriter(output, TerminalTraits.OfOutput()), output);
        }

        Verdict verdict = Verdict.Of(result, counters);
        double read = result.Pages * (double)result.PageSize;
        if (request.FailUnder is { } goal && !goal.IsReached(verdict.Saved, read))
        {
            throw new ToolException(
                ExitCode.Failed,
                $"--fail-under {goal.Text}: {Wording.Bytes(verdict.Saved)} ({Wording.Percent(read > 0 ? verdict.Saved / read : 0)}) would be saved.");
        }

        return ExitCode.Success;
    }

    private static void Write(
        Request request, EvaluationResult result, ScanPrice price, HostKsmCounters? counters, Stream stream, ReportWriter report, TextWriter text)
    {
        switch (request.Format)
        {
            case ReportFormat.Json:
                JsonReport.Write(result, price, counters, request.By, stream);
                break;
            case ReportFormat.Csv:
                if (request.By is { } kind)
                {
                    CsvReport.WriteOwners(result, kind, text);
                }
                else
                {
                    CsvReport.Write(result, text);
                }

                break;
            case ReportFormat.OpenMetrics:
                OpenMetricsReport.Write(result, price, counters, request.By, text);
                break;
            default:
                TableReport.Write(report, result, price, counters, ViewOf(request));
                break;
        }
    }

    private static ReportView ViewOf(Request request) =>
        new(request.ShowVmas, request.Top == 0 ? int.MaxValue : request.Top, request.SelectionText, request.By, request.More);

    private static void WritePage(string file, EvaluationResult result, ScanPrice price, HostKsmCounters? counters, ReportView view) =>
        Output.OutputFile.Write(
            file,
            stream =>
            {
                using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
                EvaluationPage.Write(writer, result, price, counters, view);
            },
            "--html");

    private static (EvaluationResult Result, ScanPrice Price) Evaluate(
        Request request, IReadOnlyList<int> pids, EvaluationOptions options, HostKsm host)
    {
        // Nothing is changed, so nothing is to be put back: a second is time enough to end in order.
        using Interruption interruption = new(patience: TimeSpan.FromSeconds(1));
        try
        {
            EvaluationProgress progress = new();
            using ProgressDisplay display = ProgressDisplay.Start(progress);
            EvaluationResult result = Evaluator.Evaluate(pids, options, progress, interruption.Token);
            CheckOutcome(request.Selection, result);
            progress.Begin("measuring this host's speed");
            ScanPrice price = ScanPrice.Of(
                result, ScanCalibration.Measure(host), TimerTick.Probe(), request.TargetScanTime?.TotalSeconds);
            interruption.Token.ThrowIfCancellationRequested();
            return (result, price);
        }
        catch (OperationCanceledException)
        {
            throw new ToolException(interruption.ExitCodeOfSignal, "evaluate: interrupted.");
        }
    }

    private static void Check(Request request)
    {
        request.Options.Check(request.Selection, hasOthers: !request.Images.IsEmpty);
        if (request.MaxPageSharing is < 2)
        {
            throw new ToolException(ExitCode.BadInput, $"--max-page-sharing {request.MaxPageSharing}: from 2 to {int.MaxValue}.");
        }

        if (request.Threads is < 1 or > 1024)
        {
            throw new ToolException(ExitCode.BadInput, $"--threads {request.Threads}: from 1 to 1024.");
        }

        if (request.More is < 1 or > MostInstances)
        {
            throw new ToolException(ExitCode.BadInput, $"--more {request.More}: from 1 to {MostInstances}.");
        }

        if (request.Top < 0)
        {
            throw new ToolException(ExitCode.BadInput, $"--top {request.Top}: 0 for all rows, or a number of rows.");
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

        // A single process is told its own reason; of many, the commonest kind of refusal is told.
        if (result.Processes is [{ Process: { Reason: { } reason } only }])
        {
            throw new ToolException(ExitCode.NotPermitted, $"process {only.Pid} cannot be read: {reason}.");
        }

        if (result.Processes.FirstOrDefault(
            process => process.Process.Status is ReadStatus.Unsupported or ReadStatus.Blocked) is { Process: { } blocked })
        {
            throw new ToolException(
                ExitCode.NotPermitted, $"process {blocked.Pid} cannot be read: {blocked.Reason ?? Wording.Of(blocked.Status)}.");
        }

        List<ProcessForecast> refused = [.. result.Processes.Where(process => process.Process.Status == ReadStatus.NotPermitted)];
        if (refused.Count > 0)
        {
            throw new ToolException(ExitCode.NotPermitted, PermissionAdvice.Describe(
                refused.Count == 1 ? Describe(refused[0].Process) : null, refused.Count));
        }

        throw new ToolException(ExitCode.BadInput, result.Processes.Count == 0
            ? "evaluate: no process was left to read."
            : $"evaluate: {Describe(result.Processes[0].Process)} has no memory to read: {Wording.Of(result.Processes[0].Process.Status)}.");
    }

    private static string Describe(LiveProcess process) =>
        string.Create(CultureInfo.InvariantCulture, $"process {process.Pid} ({process.Stat.Name})");

    private sealed record Request(
        SelectionOptions Options,
        ProcessSelection Selection,
        string SelectionText,
        ImageArguments Images,
        int? MaxPageSharing,
        bool? UseZeroPages,
        bool? MergeAcrossNodes,
        bool AsMarked,
        TimeSpan? Observe,
        TimeSpan? TargetScanTime,
        SavingGoal? FailUnder,
        int? Threads,
        OwnerKind? By,
        int More,
        bool Nearly,
        string? TemplateFile,
        bool Compress,
        bool ShowVmas,
        int Top,
        ReportFormat Format,
        string? OutputFile,
        string? HtmlFile);
}
