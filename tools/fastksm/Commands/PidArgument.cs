using System.Collections.Generic;
using System.CommandLine.Parsing;
using System.Globalization;

namespace FastKsm.Cli.Commands;

/// <summary>Process ids: <c>--pid 1,2 --pid 3</c>.</summary>
internal static class PidArgument
{
    /// <summary>Parses all arguments of the option.</summary>
    internal static int[] Parse(ArgumentResult result)
    {
        List<int> pids = [];
        foreach (Token token in result.Tokens)
        {
            foreach (string word in token.Value.Split(','))
            {
                if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0)
                {
                    pids.Add(pid);
                }
                else
                {
                    result.AddError($"--pid {token.Value}: a process id is a whole number, at least 1; several with commas between.");
                    return [];
                }
            }
        }

        return [.. pids];
    }
}
