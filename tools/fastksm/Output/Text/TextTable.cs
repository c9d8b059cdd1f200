using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Output.Text;

/// <summary>A table in the house's form: no box, headings underlined, figures to the right.</summary>
/// <remarks>How it is fitted to a width: <see cref="TableLayout"/>.</remarks>
internal sealed class TextTable
{
    private readonly List<string[]> _rows = [];

    /// <param name="columns">Its columns, from left to right.</param>
    internal TextTable(params IReadOnlyList<TextColumn> columns) => Columns = columns;

    /// <summary>Its columns, from left to right.</summary>
    internal IReadOnlyList<TextColumn> Columns { get; }

    /// <summary>Its rows, each with as many cells as there are columns.</summary>
    internal IReadOnlyList<IReadOnlyList<string>> Rows => _rows;

    /// <summary>Adds a row.</summary>
    /// <param name="cells">A text for each column, which need not be harmless.</param>
    internal void Add(params string[] cells)
    {
        if (cells.Length != Columns.Count)
        {
            throw new ArgumentException($"{cells.Length} cells for {Columns.Count} columns.", nameof(cells));
        }

        _rows.Add(cells);
    }
}
