using System.Collections.Generic;
using System.CommandLine;

namespace FastKsm.Cli.Scenarios;

/// <summary>A machine with a story: set up, run to its end, and told as tables of figures.</summary>
/// <remarks>
/// The same options give the same tables, on every host: all that is random comes from the seed, and time is modelled. A
/// column of times that passed on the host says so (<see cref="ScenarioColumn.IsWallClock"/>).
/// </remarks>
internal interface IScenario
{
    /// <summary>Its name on the command line, in lower case with hyphens.</summary>
    string Name { get; }

    /// <summary>What it shows, in one line.</summary>
    string Summary { get; }

    /// <summary>What can be set, beside the seed; made by <see cref="ScenarioOption"/>.</summary>
    IReadOnlyList<Option> Options { get; }

    /// <summary>Runs it.</summary>
    /// <param name="options">Values of <see cref="Options"/>, each within its range.</param>
    /// <param name="seed">Where random numbers begin.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="ToolException">The options do not go together, or something ran out.</exception>
    ScenarioReport Run(ParseResult options, ulong seed);
}
