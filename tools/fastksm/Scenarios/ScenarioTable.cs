using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Scenarios;

/// <summary>A table: columns, and rows with a cell for each.</summary>
internal sealed class ScenarioTable
{
    private readonly List<ScenarioCell[]> _rows = [];

    /// <param name="key">Its name for programs, in lower case with underscores.</param>
    /// <param name="title">What it shows, for people.</param>
    /// <param name="columns">Its columns.</param>
    internal ScenarioTable(string key, string title, params IReadOnlyList<ScenarioColumn> columns)
    {
        Key = key;
        Title = title;
        Columns = columns;
    }

    /// <summary>Its name for programs.</summary>
    internal string Key { get; }

    /// <summary>What it shows, for people.</summary>
    internal string Title { get; }

    /// <summary>Its columns.</summary>
    internal IReadOnlyList<ScenarioColumn> Columns { get; }

    /// <summary>Its rows; each has as many cells as there are columns.</summary>
    internal IReadOnlyList<ScenarioCell[]> Rows => _rows;

    /// <summary>Adds a row.</summary>
    /// <param name="cells">A cell for each column.</param>
    /// <exception cref="ArgumentException">There are more or fewer cells than columns.</exception>
    internal void Add(params ScenarioCell[] cells)
    {
        if (cells.Length != Columns.Count)
        {
            throw new ArgumentException($"The table has {Columns.Count} columns, not {cells.Length}.", nameof(cells));
        }

        _rows.Add(cells);
    }
}
