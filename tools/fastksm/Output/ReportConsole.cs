using System;
using Spectre.Console;

namespace FastKsm.Cli.Output;

/// <summary>The console that reports are written to: colours on a terminal, plain and wide elsewhere.</summary>
internal static class ReportConsole
{
    // A file has no width; tables are not folded to the 80 columns that would be assumed.
    private const int PlainWidth = 240;

    /// <summary>Creates it for standard output.</summary>
    internal static IAnsiConsole Create()
    {
        if (!Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        return Create(Console.Out);
    }

    /// <summary>Creates a plain one for some other output.</summary>
    internal static IAnsiConsole Create(System.IO.TextWriter output)
    {
        IAnsiConsole plain = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        plain.Profile.Width = PlainWidth;
        return plain;
    }
}
