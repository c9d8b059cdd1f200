using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;

namespace FastKsm.Perf.Versus;

/// <summary><c>versus</c>: measures our rows side by side with their peers, and says whether the goals are met.</summary>
internal static class VersusCommand
{
    private const int Good = 0;
    private const int GoalMissed = 1;
    private const int BadUsage = 2;
    private const int RowSkipped = 3;
    private const int DefaultRounds = 21;

    private static readonly Option<string[]> s_filter =
        new("--filter") { Description = "Only rows whose id begins with PREFIX; may be repeated.", HelpName = "PREFIX" };

    private static readonly Option<FileInfo?> s_json =
        new("--json") { Description = "Write the results to FILE, too.", HelpName = "FILE" };

    private static readonly Option<int> s_rounds = new("--rounds")
    {
        Description = "Rounds; the median counts.",
        HelpName = "N",
        DefaultValueFactory = _ => DefaultRounds,
    };

    private static readonly Option<bool> s_allowSkips =
        new("--allow-skips") { Description = "A row that could not be measured here is no failure." };

    private static readonly Option<bool> s_list = new("--list") { Description = "Print the ids of the rows, and measure nothing." };

    internal static int Run(string[] arguments)
    {
        RootCommand command = new("Measures our rows side by side with their peers.")
        {
            s_filter, s_json, s_rounds, s_allowSkips, s_list,
        };
        command.SetAction(Run);
        ParseResult parsed = command.Parse(arguments);
        if (parsed.Errors.Count == 0)
        {
            return parsed.Invoke();
        }

        Console.Error.WriteLine($"versus: {parsed.Errors[0].Message}");
        return BadUsage;
    }

    private static int Run(ParseResult parsed)
    {
        string[] prefixes = parsed.GetValue(s_filter) ?? [];
        int rounds = parsed.GetValue(s_rounds);
        IVersusRow[] rows = [.. VersusRows.All.Where(row => IsWanted(row, prefixes))];
        if (rounds < 1)
        {
            Console.Error.WriteLine($"versus: --rounds must be at least 1 but is {rounds}");
            return BadUsage;
        }

        if (rows.Length == 0)
        {
            Console.Error.WriteLine($"versus: no row begins with {string.Join(" or ", prefixes)}; see --list");
            return BadUsage;
        }

        if (parsed.GetValue(s_list))
        {
            Array.ForEach(rows, row => Console.WriteLine(row.Id));
            return Good;
        }

        FileInfo? file = parsed.GetValue(s_json);
        if (file?.Directory is { Exists: false } missing)
        {
            // Before the minutes that measuring takes, not after.
            Console.Error.WriteLine($"versus: --json: there is no directory {missing.FullName}");
            return BadUsage;
        }

        List<VersusResult> results = Measure(rows, rounds);
        if (file is not null)
        {
            File.WriteAllText(file.FullName, VersusReport.Json(results));
        }

        return results.Exists(result => !result.Skipped && !result.Met) ? GoalMissed
            : results.Exists(result => result.Skipped) && !parsed.GetValue(s_allowSkips) ? RowSkipped
            : Good;
    }

    private static bool IsWanted(IVersusRow row, string[] prefixes) =>
        prefixes.Length == 0 || Array.Exists(prefixes, prefix => row.Id.StartsWith(prefix, StringComparison.Ordinal));

    private static List<VersusResult> Measure(IVersusRow[] rows, int rounds)
    {
        List<VersusResult> results = [];
        VersusReport.WriteHeader(Console.Out);
        foreach (IVersusRow row in rows)
        {
            VersusResult result = new(row, row.Measure(rounds));
            VersusReport.WriteRow(Console.Out, result);
            results.Add(result);
        }

        return results;
    }
}
