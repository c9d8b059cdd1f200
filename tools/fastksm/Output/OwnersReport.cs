using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>Owners for people: what each saves by itself and with others, and what one more of it would cost.</summary>
internal static class OwnersReport
{
    /// <summary>Writes the tables.</summary>
    /// <returns>Number of owners that were left out.</returns>
    internal static int Write(ReportWriter writer, EvaluationResult result, OwnerKind kind, ReportView view)
    {
        IReadOnlyList<OwnerForecast> owners = OwnerForecast.Of(result, kind);
        TextTable table = new(
            NameOf(kind), TextColumn.Figure("processes"), TextColumn.Figure("marked today", 3), TextColumn.Figure("pages", 1),
            TextColumn.Figure("zero", 4), TextColumn.Figure("merging", 1), TextColumn.Figure("dup inside", 3),
            TextColumn.Figure("dup with others", 3), TextColumn.Figure("saved within"), TextColumn.Figure("saved across"),
            TextColumn.Figure("profit"));
        foreach (OwnerForecast owner in owners.Take(view.Top))
        {
            table.Add(
                owner.Owner,
                Wording.Count(owner.Processes),
                Wording.Count(owner.MarkedToday),
                Wording.Count(owner.Counts.Pages),
                Wording.Count(owner.Counts.ZeroContent),
                Wording.Count(owner.Counts.Merging),
                Wording.Count(owner.Counts.DuplicatesInside),
                Wording.Count(owner.Counts.DuplicatesWithOthers),
                owner.Saving is { } saving ? Wording.Bytes(saving.WithinPages * (double)result.PageSize) : string.Empty,
                owner.Saving is { } other ? Wording.Bytes(other.AcrossPages * (double)result.PageSize) : string.Empty,
                Wording.Bytes(owner.Profit));
        }

        writer.Table(table);
        WriteInstances(writer, owners.Take(view.Top).Where(owner => owner.Saving is not null), result, kind, view.More);
        return owners.Count - view.Top;
    }

    /// <summary>Writes what is to be known of the figures.</summary>
    internal static void WriteSentences(ReportWriter writer, EvaluationResult result, OwnerKind kind)
    {
        if (result.Owners is not { } owners)
        {
            return;
        }

        string name = Wording.KeyOf(kind);
        writer.Sentence(
            owners.AcrossPages == 0
                ? $"No page would be shared by two owners (by {name})."
                : $"{Wording.Bytes(owners.AcrossPages * (double)result.PageSize)} of {Wording.Bytes((owners.WithinPages + owners.AcrossPages) * (double)result.PageSize)} "
                    + $"would be saved across owners (by {name}): a page that two owners share is a side channel, since the time that a write "
                    + "to it takes tells one of them that the other has it.",
            hang: 2);
        writer.Blank();
    }

    private static void WriteInstances(
        ReportWriter writer, IEnumerable<OwnerForecast> owners, EvaluationResult result, OwnerKind kind, int more)
    {
        string number = more == 1 ? "one more" : string.Create(CultureInfo.InvariantCulture, $"{more:N0} more");
        TextTable table = new(
            NameOf(kind), TextColumn.Figure($"{number}, unmerged"), TextColumn.Figure("merged"), TextColumn.Figure("saved"),
            TextColumn.Remark());
        foreach (OwnerForecast owner in owners)
        {
            InstanceEstimate instance = owner.Saving!.Instance;
            double unmerged = instance.Unmerged(more, result.PageSize);
            double merged = instance.Merged(more, result.PageSize);
            table.Add(
                owner.Owner,
                Wording.Bytes(unmerged),
                Wording.Bytes(merged),
                Wording.Bytes(unmerged - merged),
                instance.IsLeast ? "at least: only one process is known" : $"average of {Wording.Count(instance.Instances)}, each left out in turn");
        }

        if (table.Rows.Count > 0)
        {
            writer.Table(table);
        }
    }

    private static TextColumn NameOf(OwnerKind kind) =>
        kind == OwnerKind.Cgroup ? TextColumn.Path(Wording.KeyOf(kind)) : TextColumn.Label(Wording.KeyOf(kind));
}
