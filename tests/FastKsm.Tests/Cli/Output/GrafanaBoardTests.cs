using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Output;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

/// <summary>The board asks for nothing that the tool does not write, and shows all that it writes.</summary>
public sealed partial class GrafanaBoardTests
{
    private static readonly JsonElement s_board =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "tools/fastksm/grafana/fastksm.json"))).RootElement;

    [Fact]
    public void Board_Metrics_AreThoseOfTheOutput()
    {
        string[] asked = [.. Queries().SelectMany(query => Metric().Matches(WithoutLabels(query))).Select(match => match.Value).Distinct(StringComparer.Ordinal)];

        Assert.Equal(Written().Order(StringComparer.Ordinal), asked.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Board_Panels_StandBesideEachOther()
    {
        JsonElement[] panels = [.. s_board.GetProperty("panels").EnumerateArray()];
        HashSet<(int X, int Y)> taken = [];

        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        foreach (JsonElement panel in panels)
        {
            JsonElement place = panel.GetProperty("gridPos");
            (int x, int y, int w, int h) = (Number(place, "x"), Number(place, "y"), Number(place, "w"), Number(place, "h"));
            Assert.InRange(x + w, 1, 24);
            for (int cell = 0; cell < w * h; cell++)
            {
                Assert.True(taken.Add((x + (cell % w), y + (cell / w))), panel.GetProperty("title").GetString());
            }

            // Whose Prometheus it is, the reader of the board chooses.
            Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.All(panel.GetProperty("targets").EnumerateArray(), target => Assert.NotEmpty(target.GetProperty("refId").GetString()!));
        }
    }

    private static int Number(JsonElement place, string key) => place.GetProperty(key).GetInt32();

    private static IEnumerable<string> Queries() =>
    [
        .. s_board.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!),
        s_board.GetProperty("templating").GetProperty("list")[1].GetProperty("definition").GetString()!,
    ];

    // A label may have the name of its metric.
    private static string WithoutLabels(string query) => Labels().Replace(query, string.Empty);

    private static HashSet<string> Written()
    {
        EvaluationResult result = EvaluationResults.Random(3, ["a", "b", "zombie"]);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (OwnerKind? by in new OwnerKind?[] { null, OwnerKind.Command })
        {
            using StringWriter output = new();
            OpenMetricsReport.Write(result, EvaluationResults.PriceOf(result), host: null, by, output);
            names.UnionWith(output.ToString().Split('\n')
                .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]));
        }

        return names;
    }

    [GeneratedRegex("fastksm_[a-z_]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Metric();

    [GeneratedRegex("\\{[^}]*\\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Labels();
}
