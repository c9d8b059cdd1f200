using System;
using System.IO;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>What the tool says of itself: one harmless line on stderr for each thing.</summary>
/// <remarks>
/// Not by <see cref="Console.Error"/>, which sends a terminal sequences that were not asked for. Where stderr cannot be
/// written, nothing is left to say it with. Thread safety: any thread; what is written is one piece.
/// </remarks>
internal static class StandardError
{
    private static readonly Lazy<TerminalTraits> s_traits = new(TerminalTraits.OfError);
    private static readonly Lazy<Stream> s_stream = new(() => StandardOutput.Open(descriptor: 2));

    /// <summary>What stderr can show.</summary>
    internal static TerminalTraits Traits => s_traits.Value;

    /// <summary>Says something.</summary>
    /// <param name="message">One line, which need not be harmless.</param>
    internal static void Say(string message) => Write(HarmlessText.Of($"fastksm: {message}", Traits.IsAscii) + "\n");

    /// <summary>Writes a text as it is.</summary>
    internal static void Write(string text)
    {
        try
        {
            s_stream.Value.Write(System.Text.Encoding.UTF8.GetBytes(text));
        }
        catch (ToolException)
        {
        }
    }
}
