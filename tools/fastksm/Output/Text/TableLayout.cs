using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Output.Text;

/// <summary>Where each column of a table goes, and how wide it is, so that no figure is cut.</summary>
/// <remarks>
/// What gives way, in this order, each only as far as needed: explanations are folded; long names are cut; headings are
/// taken apart at their blanks and underscores; names are cut further; explanations go; figures move to a line below their
/// row, those of the highest rank first, down to rank 2; names are cut to a few letters; the other figures move, except for
/// those of rank 0. What cannot give way is printed over the edge: a line that is too long still tells the truth.
/// </remarks>
internal sealed class TableLayout
{
    /// <summary>Blanks before a table.</summary>
    internal const int Indent = 2;

    /// <summary>Blanks between columns.</summary>
    internal const int Gap = 2;

    private const int NarrowestRemark = 20;
    private const int TellingLabel = 36;
    private const int ReadableLabel = 24;
    private const int NarrowestLabel = 8;
    private const int UnimportantRank = 2;

    private readonly IReadOnlyList<TextColumn> _columns;
    private readonly int[] _cells;

    private TableLayout(IReadOnlyList<TextColumn> columns, int[] cells)
    {
        _columns = columns;
        _cells = cells;
        Widths = [.. columns.Select((column, i) => Math.Max(cells[i], HarmlessText.WidthOf(column.Heading)))];
        Places = new ColumnPlace[columns.Count];
    }

    /// <summary>Width of each column that stands beside others.</summary>
    internal int[] Widths { get; }

    /// <summary>Where each column goes.</summary>
    internal ColumnPlace[] Places { get; }

    /// <summary>Width of the table, without its indent.</summary>
    internal int Total => Beside().Sum(i => Widths[i]) + (Gap * Math.Max(Beside().Count() - 1, 0));

    /// <summary>Fits columns to a width.</summary>
    /// <param name="columns">The columns, with harmless headings.</param>
    /// <param name="cells">Width of the widest cell of each.</param>
    /// <param name="width">Columns of the terminal; null for any.</param>
    internal static TableLayout Plan(IReadOnlyList<TextColumn> columns, int[] cells, int? width)
    {
        TableLayout layout = new(columns, cells);
        for (int i = 0; i < columns.Count; i++)
        {
            if (columns[i].Kind == ColumnKind.Remark && cells[i] == 0)
            {
                layout.Places[i] = ColumnPlace.Dropped;
            }
        }

        if (width is { } available)
        {
            layout.Fit(available - Indent);
        }

        return layout;
    }

    private void Fit(int available)
    {
        int Excess() => Total - available;

        foreach (int i in Beside(ColumnKind.Remark))
        {
            Narrow(i, NarrowestRemark, Excess());
        }

        NarrowLabels(TellingLabel, available);

        // Folded headings cost a line for the whole table, a lost explanation costs its sense: fold first.
        foreach (int i in Beside().OrderByDescending(i => Widths[i] - _cells[i]))
        {
            Narrow(i, Math.Max(_cells[i], LongestWord(_columns[i].Heading)), Excess());
        }

        NarrowLabels(ReadableLabel, available);

        foreach (int i in Beside(ColumnKind.Remark))
        {
            if (Excess() > 0)
            {
                Places[i] = ColumnPlace.Dropped;
            }
        }

        MoveBelow(UnimportantRank, available);
        NarrowLabels(NarrowestLabel, available);
        MoveBelow(1, available);
        GrowAgain(available);
    }

    private void NarrowLabels(int narrowest, int available)
    {
        foreach (int i in Beside(ColumnKind.Path).Concat(Beside(ColumnKind.Label)))
        {
            Narrow(i, Math.Max(narrowest, LongestWord(_columns[i].Heading)), Total - available);
        }
    }

    private void MoveBelow(int leastRank, int available)
    {
        foreach (int i in Beside()
            .Where(i => _columns[i].Kind is ColumnKind.Figure or ColumnKind.Word && _columns[i].Rank >= leastRank)
            .OrderByDescending(i => _columns[i].Rank).ThenByDescending(i => i).ToList())
        {
            if (Total > available)
            {
                Places[i] = ColumnPlace.Below;
            }
        }
    }

    private void Narrow(int column, int narrowest, int excess)
    {
        if (excess > 0 && Widths[column] > narrowest)
        {
            Widths[column] = Math.Max(narrowest, Widths[column] - excess);
        }
    }

    // A column that moved away may have left more room than was missing.
    private void GrowAgain(int available)
    {
        foreach (int i in Beside(ColumnKind.Label).Concat(Beside(ColumnKind.Path)))
        {
            Widths[i] = Math.Min(Math.Max(_cells[i], Widths[i]), Widths[i] + Math.Max(available - Total, 0));
        }
    }

    private List<int> Beside(ColumnKind kind) => [.. Beside().Where(i => _columns[i].Kind == kind)];

    private IEnumerable<int> Beside() => Enumerable.Range(0, _columns.Count).Where(i => Places[i] == ColumnPlace.Beside);

    private static int LongestWord(string heading) => Wrapping.Pieces(heading).Max(piece => HarmlessText.WidthOf(piece.TrimEnd(' ')));
}
