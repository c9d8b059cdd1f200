using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Templates;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>What is left of a snapshot in each process.</summary>
internal static class TemplateReport
{
    /// <summary>Writes the table.</summary>
    /// <returns>Number of processes that were left out.</returns>
    internal static int Write(ReportWriter writer, EvaluationResult result, TemplateComparison comparison, int top)
    {
        TextTable table = new(
            TextColumn.Figure("pid"), TextColumn.Label("process"), TextColumn.Figure("in blocks of"), TextColumn.Figure("same place"),
            TextColumn.Figure("elsewhere"), TextColumn.Figure("private"));
        foreach ((LiveProcess process, IReadOnlyList<TemplateShare> shares) in comparison.ByProcess.Take(top))
        {
            foreach (TemplateShare share in shares)
            {
                bool isFirst = share == shares[0];
                table.Add(
                    isFirst ? process.Pid.ToString(CultureInfo.InvariantCulture) : string.Empty,
                    isFirst ? Wording.Title(process.Stat.Name, process.CommandLine) : string.Empty,
                    Wording.Bytes(share.Unit * (double)result.PageSize),
                    Wording.Bytes(share.Same * (double)result.PageSize),
                    Wording.Bytes(share.Elsewhere * (double)result.PageSize),
                    Wording.Bytes(share.Private * (double)result.PageSize));
            }
        }

        writer.Table(table);
        writer.Sentence(
            $"Against {comparison.Source}, {Wording.Bytes(comparison.Pages * (double)result.PageSize)}. What a process has only mapped of it, and not written, is not read and not counted: it is the file's.",
            hang: 2);
        writer.Blank();
        return comparison.ByProcess.Count - top;
    }

    /// <summary>Writes the key <c>template</c>, where there was one.</summary>
    internal static void Write(Utf8JsonWriter json, EvaluationResult result)
    {
        if (result.Template is not { } comparison)
        {
            return;
        }

        json.WriteStartObject("template");
        json.WriteString("source", comparison.Source);
        json.WriteNumber("bytes", comparison.Pages * result.PageSize);
        json.WriteStartArray("instances");
        foreach ((LiveProcess process, IReadOnlyList<TemplateShare> shares) in comparison.ByProcess)
        {
            json.WriteStartObject();
            json.WriteNumber("pid", process.Pid);
            json.WriteString("name", process.Stat.Name);
            json.WriteStartArray("blocks");
            foreach (TemplateShare share in shares)
            {
                json.WriteStartObject();
                json.WriteNumber("block_bytes", share.Unit * result.PageSize);
                json.WriteNumber("same_place", share.Same * result.PageSize);
                json.WriteNumber("elsewhere", share.Elsewhere * result.PageSize);
                json.WriteNumber("private", share.Private * result.PageSize);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
