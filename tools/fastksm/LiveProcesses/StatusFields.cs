using System;
using System.Globalization;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Reads single values out of <c>/proc</c> files made of "name value" lines.</summary>
internal static class StatusFields
{
    /// <summary>The number behind a name at the start of a line; 0 where the name is absent.</summary>
    internal static long Number(string text, string name)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (line.Length > name.Length
                && line.StartsWith(name, StringComparison.Ordinal)
                && line[name.Length] is ' ' or ':' or '\t')
            {
                ReadOnlySpan<char> value = line[name.Length..].TrimStart(": \t");
                int end = value.IndexOfAnyExceptInRange('0', '9');
                return long.TryParse(end < 0 ? value : value[..end], CultureInfo.InvariantCulture, out long number) ? number : 0;
            }
        }

        return 0;
    }

    /// <summary>The number of kilobytes behind a name, in bytes; 0 where the name is absent.</summary>
    internal static long Bytes(string text, string name) => Number(text, name) * 1024;

    /// <summary>The real user id in the text of a status file.</summary>
    internal static uint UserId(string status) => (uint)Number(status, "Uid");
}
