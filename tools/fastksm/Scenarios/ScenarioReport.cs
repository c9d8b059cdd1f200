using System.Collections.Generic;

namespace FastKsm.Cli.Scenarios;

/// <summary>What came of a scenario: tables of figures, and what a reader must know about them.</summary>
internal sealed class ScenarioReport
{
    /// <summary>The tables, in the order in which they are shown.</summary>
    internal IReadOnlyList<ScenarioTable> Tables { get; init; } = [];

    /// <summary>Sentences below the tables: where constants come from, what the model leaves out.</summary>
    internal IReadOnlyList<string> Notes { get; init; } = [];
}
