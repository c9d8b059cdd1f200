using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace FastKsm.Cli.Scenarios;

/// <summary>What was run: enough to run it again.</summary>
/// <param name="Name">Name of the scenario.</param>
/// <param name="Summary">What it shows.</param>
/// <param name="Seed">Where random numbers began.</param>
/// <param name="Options">Every option with its value, and whether that was given or is the default.</param>
internal sealed record ScenarioHeader(
    string Name, string Summary, ulong Seed, IReadOnlyList<(string Name, string Value, bool IsGiven)> Options)
{
    /// <summary>The command that gives the same tables again.</summary>
    internal string Command => string.Join(
        ' ',
        [
            "fastksm scenario", Name,
            .. Options.Where(option => option.IsGiven).Select(option => $"--{option.Name} {option.Value}"),
            string.Create(CultureInfo.InvariantCulture, $"--seed {Seed}"),
        ]);
}
