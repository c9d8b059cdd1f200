namespace FastKsm.Cli.Commands;

/// <summary>An option that is on or off, in the words that Linux accepts for its switches.</summary>
internal static class SwitchArgument
{
    /// <summary>On, off, or not given.</summary>
    /// <exception cref="ToolException">Another word.</exception>
    internal static bool? Parse(string option, string? value) => value switch
    {
        null => null,
        "1" or "y" or "yes" or "on" or "true" => true,
        "0" or "n" or "no" or "off" or "false" => false,
        _ => throw new ToolException(ExitCode.BadInput, $"{option} {value}: 0 or 1."),
    };
}
