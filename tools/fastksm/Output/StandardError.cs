using System;
using System.IO;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>What the tool says of itself: one harmless line on stderr for each thing.</summary>
internal static class StandardError
{
    /// <summary>Says something. Where stderr cannot be written, nothing is left to say it with.</summary>
    /// <param name="message">One line, which need not be harmless.</param>
    internal static void Say(string message)
    {
        try
        {
            Console.Error.WriteLine(HarmlessText.Of($"fastksm: {message}", TerminalTraits.OfError().IsAscii));
        }
        catch (IOException)
        {
        }
    }
}
