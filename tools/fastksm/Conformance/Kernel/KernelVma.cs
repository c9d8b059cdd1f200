using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>An entry of <c>smaps</c>.</summary>
internal sealed class KernelVma
{
    private const string FlagsLine = "VmFlags";
    private readonly Dictionary<string, string> _lines = new(StringComparer.Ordinal);

    /// <param name="start">First address.</param>
    /// <param name="end">One past the last address.</param>
    internal KernelVma(ulong start, ulong end) => (Start, End) = (start, end);

    /// <summary>First address.</summary>
    internal ulong Start { get; }

    /// <summary>One past the last address.</summary>
    internal ulong End { get; }

    /// <summary>All its flags.</summary>
    internal IReadOnlyCollection<string> AllFlags => _lines.TryGetValue(FlagsLine, out string? flags)
        ? flags.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        : [];

    /// <summary>A line has been read.</summary>
    internal void Add(ReadOnlySpan<char> name, ReadOnlySpan<char> value) => _lines.TryAdd(name.ToString(), value.ToString());

    /// <summary>Its flags among those that are known, in their order.</summary>
    internal string Flags(string known)
    {
        IReadOnlyCollection<string> flags = AllFlags;
        return string.Join(' ', known.Split(' ').Where(flag => flags.Contains(flag, StringComparer.Ordinal)));
    }

    /// <summary>The number in a line, in kB as it stands there; 0 where there is no such line.</summary>
    internal long Number(string name) => _lines.TryGetValue(name, out string? text)
        ? long.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal) is var end and > 0 ? end : text.Length), CultureInfo.InvariantCulture)
        : 0;
}
