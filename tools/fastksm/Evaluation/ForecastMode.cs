namespace FastKsm.Cli.Evaluation;

/// <summary>Which pages a forecast takes as standing still.</summary>
internal enum ForecastMode
{
    /// <summary>All that did not change while they were watched.</summary>
    AsObserved,

    /// <summary>Of those, only what is not written: see <see cref="ForecastRange"/>.</summary>
    SurelyStill,

    /// <summary>All.</summary>
    AllStill,
}
