namespace FastKsm.Cli.Evaluation;

/// <summary>What ksmd has to scan, on which machine.</summary>
/// <param name="Pages">What a full scan processes.</param>
/// <param name="Cost">What that costs.</param>
/// <param name="Rounding">How long sleeps are.</param>
internal readonly record struct ScanTask(MergeForecast Pages, ScanCost Cost, SleepRounding Rounding)
{
    /// <summary>CPU time of a batch, in seconds.</summary>
    internal double BatchSeconds(long batch, long sleepMilliseconds) => Cost.SecondsOf(Pages, batch, sleepMilliseconds > 0);
}
