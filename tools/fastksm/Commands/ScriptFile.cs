using System;
using System.IO;
using FastKsm.Scripting;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Commands;

/// <summary>Reads the scripts that a command names.</summary>
internal static class ScriptFile
{
    /// <summary>Reads a script.</summary>
    /// <param name="command">Who asks, for messages.</param>
    /// <param name="file">Its path; - for standard input.</param>
    /// <exception cref="ToolException">It cannot be read, or is none.</exception>
    internal static Script Read(string command, string file)
    {
        try
        {
            if (string.Equals(file, "-", StringComparison.Ordinal))
            {
                using Stream input = Console.OpenStandardInput();
                return ScriptReader.Read("<stdin>", input);
            }

            using FileStream source = File.OpenRead(file);
            return ScriptReader.Read(file, source);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.BadInput, $"{command}: cannot read the script: {exception.Message}");
        }
        catch (ScriptException exception)
        {
            throw new ToolException(ExitCode.BadInput, exception.Message);
        }
    }
}
