using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Nearly;
using FastKsm.Cli.Evaluation.Reasons;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>Why not more merges, for people: one table of reasons, and with <c>--nearly</c> what would merge if pages differed less.</summary>
internal static class ObstaclesReport
{
    // Below this, a reason is odds and ends; JSON has it all the same.
    private const long LeastShown = 1 << 16;

    /// <summary>The reasons that people are shown, the largest first.</summary>
    internal static IReadOnlyList<MergeObstacle> Shown(EvaluationResult result) =>
        [.. MergeObstacles.Of(result).Where(obstacle => obstacle.Bytes >= LeastShown)];

    /// <summary>Writes the tables.</summary>
    internal static void Write(ReportWriter writer, EvaluationResult result)
    {
        IReadOnlyList<MergeObstacle> obstacles = Shown(result);
        if (obstacles.Count > 0)
        {
            TextTable table = new(TextColumn.Label("does not merge"), TextColumn.Figure(string.Empty), TextColumn.Remark());
            foreach (MergeObstacle obstacle in obstacles)
            {
                table.Add(ObstacleWording.NameOf(obstacle.Kind), Wording.Bytes(obstacle.Bytes), ObstacleWording.Remark(obstacle.Kind, result.Nearly is not null));
            }

            writer.Table(table);
        }

        if (result.Nearly is { } nearly)
        {
            WriteNearly(writer, nearly);
        }
    }

    private static void WriteNearly(ReportWriter writer, NearlyForecast nearly)
    {
        TextTable table = new(TextColumn.Label("would merge"), TextColumn.Figure(string.Empty), TextColumn.Figure("of what was read"), TextColumn.Remark());
        void Add(string name, long bytes, string remark) => table.Add(
            name, Wording.Bytes(bytes), Wording.Percent(nearly.Read == 0 ? 0 : bytes / (double)nearly.Read), remark);
        Add("as they are", nearly.AsTheyAre, "frames less different contents, before ksmd's records");
        Add("pointers masked", nearly.Masked, "what is equal but for addresses");
        Add("started alike", nearly.SameStart, "estimate: the same addresses from the start, so that all lies where it lies elsewhere");
        Add("in parts of 1 KiB", nearly.LargeParts, "no kernel merges these");
        Add("in parts of 256 B", nearly.SmallParts, "no kernel merges these");
        writer.Table(table);
        IEnumerable<string> sentences = ObstacleWording.Causes(nearly);
        foreach (string sentence in sentences)
        {
            writer.Sentence(sentence, hang: 2);
        }

        if (nearly.Causes.Count > 0)
        {
            writer.Blank();
        }
    }
}
