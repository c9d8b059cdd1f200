using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Output.Text;

/// <summary>The one way by which text reaches people: harmless, fitted to the terminal, without blanks at the ends of lines.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed class ReportWriter
{
    private readonly TextWriter _output;
    private readonly TerminalTraits _terminal;

    /// <param name="output">Receives the lines.</param>
    /// <param name="terminal">What it can show.</param>
    internal ReportWriter(TextWriter output, TerminalTraits terminal)
    {
        _output = output;
        _terminal = terminal;
    }

    private string Mark => _terminal.IsAscii ? "..." : "…";

    /// <summary>Writes an empty line.</summary>
    internal void Blank() => _output.WriteLine();

    /// <summary>Writes a line as it is, however long: what is made to be copied, or to be read by programs line by line.</summary>
    internal void Line(string text) => _output.WriteLine(Harmless(text).TrimEnd());

    /// <summary>Writes a sentence, folded to the width.</summary>
    /// <param name="text">The sentence.</param>
    /// <param name="style">How it stands out.</param>
    /// <param name="lead">Its first words, which stand out as <see cref="TextStyle.Strong"/>.</param>
    /// <param name="indent">Blanks before each line.</param>
    /// <param name="hang">Further blanks before each line but the first.</param>
    internal void Sentence(string text, TextStyle style = TextStyle.Plain, string lead = "", int indent = 0, int hang = 0)
    {
        string harmlessLead = Harmless(lead);
        string whole = harmlessLead + Harmless(text);
        List<string> lines = Wrapping.Fold(whole, _terminal.Width is { } width ? Math.Max(width - indent, 1) : null, hang);
        for (int i = 0; i < lines.Count; i++)
        {
            string line = lines[i];
            int strong = i == 0 && line.StartsWith(harmlessLead, StringComparison.Ordinal) ? harmlessLead.Length : 0;
            _output.WriteLine(
                new string(' ', indent + (i > 0 ? hang : 0))
                + Styled(line[..strong], TextStyle.Strong)
                + Styled(line[strong..].TrimEnd(), style));
        }
    }

    /// <summary>Writes a table.</summary>
    internal void Table(TextTable table)
    {
        TextColumn[] columns = [.. table.Columns.Select(column => column with { Heading = Harmless(column.Heading) })];
        string[][] rows = [.. table.Rows.Select(row => row.Select(Harmless).ToArray())];
        int[] cells = [.. columns.Select((_, i) => rows.Select(row => HarmlessText.WidthOf(row[i])).DefaultIfEmpty().Max())];
        TableLayout layout = TableLayout.Plan(columns, cells, _terminal.Width);

        Row(layout, columns, [.. columns.Select((column, i) => Wrapping.FoldHeading(column.Heading, layout.Widths[i]))], isHeading: true);
        _output.WriteLine(Harmless(new string('─', layout.Total + TableLayout.Indent)));
        foreach (string[] row in rows)
        {
            Row(layout, columns, [.. row.Select((cell, i) => Fitted(cell, columns[i].Kind, layout.Widths[i]))], isHeading: false);
            Below(layout, columns, row);
        }

        Blank();
    }

    private void Row(TableLayout layout, TextColumn[] columns, List<string>[] cells, bool isHeading)
    {
        int[] beside = [.. Enumerable.Range(0, columns.Length).Where(i => layout.Places[i] == ColumnPlace.Beside)];
        int height = beside.Select(i => cells[i].Count).DefaultIfEmpty(1).Max();
        for (int part = 0; part < height; part++)
        {
            StringBuilder line = new();
            int pending = TableLayout.Indent;
            foreach (int i in beside)
            {
                // Headings stand on the line, so those that need fewer lines begin further down.
                int index = isHeading ? part - (height - cells[i].Count) : part;
                string text = index >= 0 && index < cells[i].Count ? cells[i][index] : string.Empty;
                int free = Math.Max(layout.Widths[i] - HarmlessText.WidthOf(text), 0);
                bool isFigure = columns[i].Kind == ColumnKind.Figure;
                pending += isFigure ? free : 0;
                if (text.Length > 0)
                {
                    bool isFaint = !isHeading && columns[i].Kind == ColumnKind.Remark;
                    _ = line.Append(' ', pending).Append(Styled(text, isFaint ? TextStyle.Faint : TextStyle.Plain));
                    pending = 0;
                }

                pending += (isFigure ? 0 : free) + TableLayout.Gap;
            }

            _output.WriteLine(line.ToString());
        }
    }

    // 5,120 merging, 75 zero: with commas between, so that each is one piece that is not taken apart.
    private void Below(TableLayout layout, TextColumn[] columns, string[] row)
    {
        int[] moved = [.. Enumerable.Range(0, columns.Length).Where(i => layout.Places[i] == ColumnPlace.Below && row[i].Length > 0)];
        if (moved.Length == 0)
        {
            return;
        }

        const int Deeper = TableLayout.Indent + 4;
        StringBuilder line = new();
        int used = 0;
        for (int n = 0; n < moved.Length; n++)
        {
            string item = $"{columns[moved[n]].Heading} {row[moved[n]]}{(n + 1 < moved.Length ? "," : string.Empty)}";
            int length = HarmlessText.WidthOf(item);
            if (used > 0 && used + 1 + length > _terminal.Width - Deeper)
            {
                _output.WriteLine(new string(' ', Deeper) + Styled(line.ToString(), TextStyle.Faint));
                _ = line.Clear();
                used = 0;
            }

            _ = line.Append(used > 0 ? " " : string.Empty).Append(item);
            used += length + (used > 0 ? 1 : 0);
        }

        _output.WriteLine(new string(' ', Deeper) + Styled(line.ToString(), TextStyle.Faint));
    }

    private List<string> Fitted(string cell, ColumnKind kind, int width) => kind switch
    {
        ColumnKind.Remark => Wrapping.Fold(cell, width),
        ColumnKind.Label => [Wrapping.CutEnd(cell, width, Mark)],
        ColumnKind.Path => [Wrapping.CutStart(cell, width, Mark)],
        _ => [cell],
    };

    private string Harmless(string text) => HarmlessText.Of(text, _terminal.IsAscii);

    private string Styled(string text, TextStyle style)
    {
        string? code = !_terminal.UsesStyles || text.Length == 0 ? null : style switch
        {
            TextStyle.Strong => "1",
            TextStyle.Faint => "2",
            TextStyle.Warning => "33",
            _ => null,
        };
        return code is null ? text : $"\u001b[{code}m{text}\u001b[0m";
    }
}
