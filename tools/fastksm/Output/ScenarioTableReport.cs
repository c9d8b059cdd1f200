using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FastKsm.Cli.Output.Text;
using FastKsm.Cli.Scenarios;

namespace FastKsm.Cli.Output;

/// <summary>What came of a scenario, for people.</summary>
internal static class ScenarioTableReport
{
    /// <summary>Writes a report.</summary>
    internal static void Write(ScenarioHeader header, ScenarioReport report, TextWriter output)
    {
        ReportWriter writer = new(output, TerminalTraits.OfOutput());
        writer.Sentence(header.Summary);
        writer.Line(header.Command);
        foreach (ScenarioTable shown in report.Tables)
        {
            writer.Blank();
            writer.Sentence(shown.Title);
            TextTable table = new([.. shown.Columns.Select(ColumnOf)]);
            foreach (ScenarioCell[] row in shown.Rows)
            {
                table.Add([.. row.Select(cell => cell.Text)]);
            }

            writer.Table(table);
        }

        foreach (string note in report.Notes)
        {
            writer.Sentence(note, hang: 2);
        }
    }

    // The first column names the row; the later a figure's column, the sooner it moves below.
    private static TextColumn ColumnOf(ScenarioColumn column, int position)
    {
        string heading = column.IsWallClock ? $"{column.Heading} (wall clock)" : column.Heading;
        return column.IsFigure ? TextColumn.Figure(heading, position) : TextColumn.Word(heading, position);
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
