using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FastKsm.Cli.Scenarios;
using Spectre.Console;

namespace FastKsm.Cli.Output;

/// <summary>What came of a scenario, for people.</summary>
internal static class ScenarioTableReport
{
    /// <summary>Writes a report.</summary>
    internal static void Write(ScenarioHeader header, ScenarioReport report, TextWriter output)
    {
        output.WriteLine(header.Summary);
        output.WriteLine(header.Command);
        IAnsiConsole console = ReportConsole.Create(output);
        foreach (ScenarioTable shown in report.Tables)
        {
            output.WriteLine();
            output.WriteLine(shown.Title);
            Table table = TableReport.CreateTable(
                [.. shown.Columns.Select(column => (column.IsWallClock ? $"{column.Heading} (wall clock)" : column.Heading, column.IsFigure))]);
            foreach (ScenarioCell[] row in shown.Rows)
            {
                _ = table.AddRow([.. row.Select(cell => new Text(cell.Text))]);
            }

            console.Write(table);
        }

        foreach (string note in report.Notes)
        {
            output.WriteLine(note);
        }
    }

    /// <summary>Writes what there is to run.</summary>
    internal static void WriteList(IReadOnlyList<IScenario> scenarios, TextWriter output)
    {
        int width = scenarios.Select(scenario => scenario.Name.Length).DefaultIfEmpty().Max();
        foreach (IScenario scenario in scenarios.OrderBy(scenario => scenario.Name, StringComparer.Ordinal))
        {
            output.WriteLine($"{scenario.Name.PadRight(width)}  {scenario.Summary}");
        }
    }
}
