using System.IO;
using System.Text;
using System.Text.Json;
using FastKsm.Cli.Scenarios;

namespace FastKsm.Cli.Output;

/// <summary>What came of a scenario, as one JSON object; its keys are described in the README of the tool.</summary>
internal static class ScenarioJsonReport
{
    /// <summary>Names the layout; a key may be added without changing it, never renamed or removed.</summary>
    internal const string Schema = "fastksm.scenario/1";

    /// <summary>Writes a report.</summary>
    internal static void Write(ScenarioHeader header, ScenarioReport report, TextWriter output)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteString("scenario", header.Name);
            json.WriteNumber("seed", header.Seed);
            json.WriteStartObject("options");
            foreach ((string name, string value, _) in header.Options)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteStartArray("tables");
            foreach (ScenarioTable table in report.Tables)
            {
                Write(json, table);
            }

            json.WriteEndArray();
            json.WriteStartArray("notes");
            foreach (string note in report.Notes)
            {
                json.WriteStringValue(note);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private static void Write(Utf8JsonWriter json, ScenarioTable table)
    {
        json.WriteStartObject();
        json.WriteString("table", table.Key);
        json.WriteStartArray("wall_clock");
        foreach (ScenarioColumn column in table.Columns)
        {
            if (column.IsWallClock)
            {
                json.WriteStringValue(column.Key);
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (ScenarioCell[] row in table.Rows)
        {
            json.WriteStartObject();
            for (int i = 0; i < row.Length; i++)
            {
                if (row[i].Number is { } number)
                {
                    json.WriteNumber(table.Columns[i].Key, number);
                }
                else
                {
                    json.WriteString(table.Columns[i].Key, row[i].Text);
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
