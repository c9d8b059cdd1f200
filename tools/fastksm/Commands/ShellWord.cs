using System;
using System.Buffers;

namespace FastKsm.Cli.Commands;

/// <summary>Words as a POSIX shell takes them, for command lines that are printed to be pasted.</summary>
internal static class ShellWord
{
    private static readonly SearchValues<char> s_plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:,=+%@");

    /// <summary>The word, quoted where it must be.</summary>
    internal static string Quote(string word) =>
        word.Length > 0 && word.AsSpan().IndexOfAnyExcept(s_plain) < 0
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
