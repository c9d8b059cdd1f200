using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Host;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Text;
using FastKsm.Cli.Recording;

namespace FastKsm.Cli.Commands;

/// <summary>
/// <c>fastksm replay FILE</c>: what ksmd would have made of a recording, under several settings side by side.
/// </summary>
internal static class ReplayCommand
{
    internal static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "A recording of fastksm record." };
        Option<ReplayPolicy[]> with = new("--with")
        {
            Description = "Settings to replay, such as pages_to_scan=1000,smart_scan=1; what is not named is Linux's default (smart scan on). May be repeated. "
                + "Default: as recorded, plain, smart scan, advisor.",
            HelpName = "SETTING=VALUE",
            CustomParser = ParsePolicies,
        };
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of tables." };
        Command command = new("replay", "Show what ksmd would have made of a recording under other settings, on the engine.") { file, with, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(file)!, parsed.GetValue(with) ?? [], parsed.GetValue(json), parsed.InvocationConfiguration.Output));
        return command;
    }

    private static int Run(string file, ReplayPolicy[] asked, bool asJson, TextWriter output)
    {
        PageRecording recording = RecordingReader.Read(file);
        Volatility volatility = Volatility.Of(recording);
        IReadOnlyList<ReplayPolicy> policies = asked.Length > 0 ? asked : ReplayPolicy.Usual(recording.Settings);
        SleepRounding rounding = new(TimerTick.Probe().Length);
        List<ReplayOutcome> outcomes = [];
        using Interruption interruption = new(patience: TimeSpan.FromSeconds(1));
        try
        {
            outcomes.AddRange(policies.Select(policy => Replay.Perform(recording, policy, rounding, interruption.Token)));
        }
        catch (OperationCanceledException)
        {
            throw new ToolException(interruption.ExitCodeOfSignal, "replay: interrupted.");
        }

        if (asJson)
        {
            ReplayReport.WriteJson(recording, volatility, outcomes, output);
        }
        else
        {
            ReplayReport.Write(recording, volatility, outcomes, new ReportWriter(output, TerminalTraits.OfOutput()));
        }

        return ExitCode.Success;
    }

    private static ReplayPolicy[]? ParsePolicies(ArgumentResult result)
    {
        List<ReplayPolicy> policies = [];
        foreach (Token token in result.Tokens)
        {
            List<(string File, string Value)> settings = [];
            foreach (string word in token.Value.Split(','))
            {
                string[] parts = word.Split('=', 2);
                if (parts.Length < 2 || !ReplayPolicy.Files.Contains(parts[0], StringComparer.Ordinal))
                {
                    result.AddError(
                        $"--with {token.Value}: '{word}' is no SETTING=VALUE; settings are {string.Join(", ", ReplayPolicy.Files)}"
                        + Suggestion.For(parts[0], ReplayPolicy.Files));
                    return null;
                }

                settings.Add((parts[0], parts[1]));
            }

            // The advisor owns pages_to_scan once it is on.
            policies.Add(new ReplayPolicy(
                token.Value, [.. settings.OrderBy(setting => string.Equals(setting.File, "advisor_mode", StringComparison.Ordinal))]));
        }

        return [.. policies];
    }
}
