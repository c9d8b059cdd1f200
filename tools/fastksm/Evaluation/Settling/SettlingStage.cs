namespace FastKsm.Cli.Evaluation.Settling;

/// <summary>What stands after a number of full scans.</summary>
/// <param name="Scans">The number of scans.</param>
/// <param name="Forecast">Linux's counters at the end of the last of them.</param>
internal readonly record struct SettlingStage(int Scans, MergeForecast Forecast);
