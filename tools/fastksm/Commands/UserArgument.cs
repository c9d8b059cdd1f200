using System;
using System.Globalization;
using System.IO;

namespace FastKsm.Cli.Commands;

/// <summary>A user, by number or by a name in <c>/etc/passwd</c>.</summary>
internal static class UserArgument
{
    /// <summary>The user id.</summary>
    /// <exception cref="ToolException">No such user.</exception>
    internal static uint ToUserId(string user)
    {
        if (uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
        {
            return number;
        }

        foreach (string line in File.ReadLines("/etc/passwd"))
        {
            string[] fields = line.Split(':');
            if (fields.Length > 2
                && string.Equals(fields[0], user, StringComparison.Ordinal)
                && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out number))
            {
                return number;
            }
        }

        throw new ToolException(
            ExitCode.BadInput, $"--user {user}: not in /etc/passwd (give the number of a user that comes from elsewhere).");
    }
}
