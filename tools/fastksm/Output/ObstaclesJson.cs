using System.Text.Json;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Nearly;
using FastKsm.Cli.Evaluation.Reasons;

namespace FastKsm.Cli.Output;

/// <summary>Why not more merges, as JSON.</summary>
internal static class ObstaclesJson
{
    /// <summary>Writes the keys <c>why_not</c> and, where it was asked for, <c>nearly</c>.</summary>
    internal static void Write(Utf8JsonWriter json, EvaluationResult result)
    {
        json.WriteStartArray("why_not");
        foreach (MergeObstacle obstacle in MergeObstacles.Of(result))
        {
            json.WriteStartObject();
            json.WriteString("reason", ObstacleWording.KeyOf(obstacle.Kind));
            json.WriteNumber("bytes", obstacle.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (result.Nearly is { } nearly)
        {
            WriteNearly(json, nearly);
        }
    }

    private static void WriteNearly(Utf8JsonWriter json, NearlyForecast nearly)
    {
        json.WriteStartObject("nearly");
        json.WriteNumber("read", nearly.Read);
        json.WriteNumber("as_they_are", nearly.AsTheyAre);
        json.WriteNumber("pointers_masked", nearly.Masked);
        json.WriteNumber("started_alike", nearly.SameStart);
        json.WriteNumber("parts_of_1024", nearly.LargeParts);
        json.WriteNumber("parts_of_256", nearly.SmallParts);
        json.WriteStartArray("causes");
        foreach (NearlyCause cause in nearly.Causes)
        {
            json.WriteStartObject();
            json.WriteString("cause", ObstacleWording.KeyOf(cause.Kind));
            json.WriteNumber("bytes", cause.Bytes);
            json.WriteNumber("processes", cause.Processes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
