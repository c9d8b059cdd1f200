using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using FastKsm.Cli.Output;
using FastKsm.Cli.Scenarios;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm scenario NAME</c>: machines with a story, told as tables.</summary>
internal static class ScenarioCommand
{
    internal static Command Create() => Create(ScenarioCatalog.All);

    /// <summary>Creates it.</summary>
    /// <param name="scenarios">What it offers.</param>
    internal static Command Create(IReadOnlyList<IScenario> scenarios)
    {
        Command command = new("scenario", "Run a machine with a story and show its figures; without a name, list them.");
        foreach (IScenario scenario in scenarios)
        {
            command.Subcommands.Add(Create(scenario));
        }

        command.SetAction(parsed => List(scenarios, parsed.InvocationConfiguration.Output));
        return command;
    }

    private static Command Create(IScenario scenario)
    {
        Option<ulong> seed = new("--seed")
        {
            Description = "Where random numbers begin; the same seed gives the same tables.",
            HelpName = "S",
            DefaultValueFactory = _ => 1,
        };
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of tables." };
        Command command = new(scenario.Name, scenario.Summary) { seed, json };
        foreach (Option option in scenario.Options)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => Run(
            scenario, parsed, parsed.GetValue(seed), parsed.GetValue(json), parsed.InvocationConfiguration.Output));
        return command;
    }

    private static int Run(IScenario scenario, ParseResult parsed, ulong seed, bool asJson, TextWriter output)
    {
        ScenarioReport report;
        try
        {
            report = scenario.Run(parsed, seed);
        }
        catch (OutOfFramesException exception)
        {
            throw new ToolException(ExitCode.Exhausted, $"scenario {scenario.Name}: {exception.Message}");
        }
        catch (OutOfNativeMemoryException exception)
        {
            throw new ToolException(ExitCode.Exhausted, $"scenario {scenario.Name}: {exception.Message}");
        }

        ScenarioHeader header = new(
            scenario.Name, scenario.Summary, seed,
            [
                .. scenario.Options.Select(option => (
                    option.Name.TrimStart('-'), ScenarioOption.ValueOf(option, parsed), parsed.GetResult(option) is { Implicit: false })),
            ]);
        if (asJson)
        {
            ScenarioJsonReport.Write(header, report, output);
        }
        else
        {
            ScenarioTableReport.Write(header, report, output);
        }

        return ExitCode.Success;
    }

    private static int List(IReadOnlyList<IScenario> scenarios, TextWriter output)
    {
        ScenarioTableReport.WriteList(scenarios, output);
        return ExitCode.Success;
    }
}
