using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Commands;

/// <summary>
/// <c>fastksm watch</c>: the table of an evaluation again and again, with what changed since the round before.
/// </summary>
internal static class WatchCommand
{
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(10);

    internal static Command Create()
    {
        SelectionOptions selection = new("watch");
        Option<TimeSpan?> every = new("--every")
        {
            Description = "Time from the beginning of one round to that of the next. Default: 10s.",
            HelpName = "TIME",
            CustomParser = DurationArgument.Parse,
        };
        Option<int?> rounds = new("--rounds")
        {
            Description = "End after so many rounds. Default: none, until Ctrl-C.",
            HelpName = "N",
        };
        Option<OwnerKind?> by = new("--by")
        {
            Description = "Sum up by systemd unit, container, cgroup, user or command. Default: a row for each process.",
            HelpName = "OWNER",
            CustomParser = OwnerArgument.Parse,
        };
        by.CompletionSources.Clear();
        by.CompletionSources.Add(_ => OwnerArgument.Words);
        Option<int> top = new("--top")
        {
            Description = "Rows at most; 0 for all.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        Option<bool> asMarked = new("--as-marked") { Description = "Count only VMAs that are marked mergeable today." };
        Command command = new("watch", "Show what merging would save again every few seconds, with what changed since. Nothing is enabled or changed.");
        selection.AddTo(command);
        foreach (Option option in (Option[])[every, rounds, by, top, asMarked])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            ProcessSelection processes = selection.Read(parsed);
            selection.Check(processes);
            if (parsed.GetValue(rounds) is < 1)
            {
                throw new ToolException(ExitCode.BadInput, $"--rounds {parsed.GetValue(rounds)}: from 1 on.");
            }

            if (parsed.GetValue(top) < 0)
            {
                throw new ToolException(ExitCode.BadInput, $"--top {parsed.GetValue(top)}: 0 for all rows, or a number of rows.");
            }

            return Run(
                selection, processes, parsed.GetValue(every) ?? s_usual, parsed.GetValue(rounds), parsed.GetValue(by),
                parsed.GetValue(top) == 0 ? int.MaxValue : parsed.GetValue(top), parsed.GetValue(asMarked), parsed.InvocationConfiguration.Output);
        });
        return command;
    }

    private static int Run(
        SelectionOptions options, ProcessSelection selection, TimeSpan every, int? rounds, OwnerKind? by, int top, bool asMarked, TextWriter output)
    {
        TerminalTraits terminal = TerminalTraits.OfOutput();
        WatchReport report = new(output, terminal, by, top);
        using Interruption interruption = new(patience: TimeSpan.FromSeconds(1));
        long next = Environment.TickCount64;
        try
        {
            for (int round = 1; rounds is null || round <= rounds; round++)
            {
                HostKsm host = HostKsm.Read();
                EvaluationOptions assumed = new(
                    host.MaxPageSharing, host.UseZeroPages, asMarked, Environment.ProcessorCount, MergeAcrossNodes: host.MergeAcrossNodes);
                IReadOnlyList<int> pids = options.Find(selection);
                EvaluationResult result = Evaluator.Evaluate(pids, assumed, new EvaluationProgress(), interruption.Token);
                if (result.Count(ReadStatus.Read) == 0)
                {
                    throw new ToolException(
                        ExitCode.NotPermitted, "watch: none of these processes can be read any more; fastksm evaluate says why.");
                }

                report.Write(result, HostKsmCounters.TryRead(), DateTime.Now);
                next += (long)every.TotalMilliseconds;
                if (round != rounds)
                {
                    Wait(Math.Max(next - Environment.TickCount64, 0), interruption);
                }
            }
        }
        catch (OperationCanceledException)
        {
            report.End();
            throw new ToolException(interruption.ExitCodeOfSignal, string.Empty);
        }

        return ExitCode.Success;
    }

    private static void Wait(long milliseconds, Interruption interruption)
    {
        _ = interruption.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(milliseconds));
        interruption.Token.ThrowIfCancellationRequested();
    }
}
