using System.Globalization;

namespace FastKsm.Cli.Output.Html;

/// <summary>Numbers in drawings.</summary>
internal static class Plot
{
    /// <summary>A coordinate: a hundredth of a unit is finer than any screen.</summary>
    internal static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
