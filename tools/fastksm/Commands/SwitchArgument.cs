using System.CommandLine.Parsing;

namespace FastKsm.Cli.Commands;

/// <summary>An option that is on or off, in the words that Linux accepts for its switches; without a word it is on.</summary>
internal static class SwitchArgument
{
    /// <summary>On, off, or not given.</summary>
    /// <exception cref="ToolException">Another word.</exception>
    internal static bool? Parse(OptionResult? result)
    {
        if (result is null || result.Implicit)
        {
            return null;
        }

        return (result.Tokens.Count == 0 ? "1" : result.Tokens[0].Value) switch
        {
            "1" or "y" or "yes" or "on" or "true" => true,
            "0" or "n" or "no" or "off" or "false" => false,
            string word => throw new ToolException(ExitCode.BadInput, $"{result.IdentifierToken?.Value} {word}: 0 or 1."),
        };
    }
}
