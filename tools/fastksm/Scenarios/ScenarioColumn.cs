namespace FastKsm.Cli.Scenarios;

/// <summary>A column of a table.</summary>
/// <param name="Key">Its name for programs, in lower case with underscores and with its unit.</param>
/// <param name="Heading">Its name for people.</param>
/// <param name="IsFigure">Whether it holds figures; words otherwise.</param>
/// <param name="IsWallClock">Whether it is time that passed on the host, and differs from run to run.</param>
internal sealed record ScenarioColumn(string Key, string Heading, bool IsFigure = true, bool IsWallClock = false);
