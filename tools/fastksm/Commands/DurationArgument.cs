using System;
using System.CommandLine.Parsing;
using System.Globalization;

namespace FastKsm.Cli.Commands;

/// <summary>A length of time with its unit: 500ms, 90s, 3m, 1h; a bare number is seconds.</summary>
internal static class DurationArgument
{
    private static readonly (string Suffix, double Seconds)[] s_units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)];

    /// <summary>Parses the argument of the option.</summary>
    internal static TimeSpan? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        foreach ((string suffix, double seconds) in s_units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                && value * seconds is > 0 and <= 366 * 24 * 3600.0)
            {
                return TimeSpan.FromSeconds(value * seconds);
            }
        }

        result.AddError($"{(result.Parent as OptionResult)?.IdentifierToken?.Value} {text}: a time above 0 and up to a year, such as 90s, 3m or 1h.");
        return null;
    }
}
