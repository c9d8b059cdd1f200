using System;
using System.Globalization;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output.Text;

/// <summary>What the place that a report is written to can show.</summary>
/// <param name="Width">Columns; null where lines may be of any length (files and pipes).</param>
/// <param name="IsRewritable">Whether a line can be written over: a terminal that knows escape sequences.</param>
/// <param name="UsesStyles">Whether bold and colours are wanted.</param>
/// <param name="IsAscii">Whether nothing beyond ASCII may be shown.</param>
internal sealed record TerminalTraits(int? Width, bool IsRewritable, bool UsesStyles, bool IsAscii)
{
    /// <summary>Assumed for a terminal that does not say how wide it is.</summary>
    internal const int UsualWidth = 80;

    /// <summary>Some output that is not a terminal and takes everything: tests, and commands that print into a buffer.</summary>
    internal static TerminalTraits Plain { get; } = new(null, IsRewritable: false, UsesStyles: false, IsAscii: false);

    /// <summary>Of a file that a report is written to: as a pipe's.</summary>
    internal static TerminalTraits OfFile() => Of(isTerminal: false, descriptor: -1);

    /// <summary>Of standard output.</summary>
    internal static TerminalTraits OfOutput() => Of(!Console.IsOutputRedirected, descriptor: 1);

    /// <summary>Of standard error.</summary>
    internal static TerminalTraits OfError() => Of(!Console.IsErrorRedirected, descriptor: 2);

    /// <summary>Works it out.</summary>
    /// <param name="isTerminal">Whether the output is a terminal.</param>
    /// <param name="terminalWidth">What the terminal says of its width; 0 for nothing.</param>
    /// <param name="environment">Gives an environment variable, or null.</param>
    internal static TerminalTraits Of(bool isTerminal, int terminalWidth, Func<string, string?> environment)
    {
        // COLUMNS is exported by people who pipe a report into a pager; the terminal itself knows better.
        int? width = isTerminal && terminalWidth > 0 ? terminalWidth
            : int.TryParse(environment("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out int columns) && columns > 0 ? columns
            : isTerminal ? UsualWidth
            : null;
        bool knowsEscapes = isTerminal && environment("TERM") is { Length: > 0 } and not "dumb";
        return new TerminalTraits(
            width,
            knowsEscapes,
            knowsEscapes && string.IsNullOrEmpty(environment("NO_COLOR")),
            !IsUtf8(environment));
    }

    private static TerminalTraits Of(bool isTerminal, int descriptor) =>
        Of(isTerminal, isTerminal ? WidthOf(descriptor) : 0, Environment.GetEnvironmentVariable);

    // POSIX: the first of these that is set and not empty decides; none means the locale C.
    private static bool IsUtf8(Func<string, string?> environment)
    {
        foreach (string name in (ReadOnlySpan<string>)["LC_ALL", "LC_CTYPE", "LANG"])
        {
            if (environment(name) is { Length: > 0 } locale)
            {
                return locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase)
                    || locale.Contains("UTF8", StringComparison.OrdinalIgnoreCase);
            }
        }

        return false;
    }

    // Not by Console.WindowWidth, which sends a terminal sequences that were not asked for.
    private static unsafe int WidthOf(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Console.WindowWidth;
        }

        LinuxNative.WindowSize size;
        return LinuxNative.ioctl(descriptor, LinuxNative.GetWindowSize, &size) == 0 ? size.Columns : 0;
    }
}
