using System.Collections.Generic;

namespace FastKsm.Cli.Scenarios;

/// <summary>What was run: enough to run it again.</summary>
/// <param name="Name">Name of the scenario.</param>
/// <param name="Summary">What it shows.</param>
/// <param name="Seed">Where random numbers began.</param>
/// <param name="Options">Every option, given or not, with its value.</param>
internal sealed record ScenarioHeader(string Name, string Summary, ulong Seed, IReadOnlyList<(string Name, string Value)> Options);
