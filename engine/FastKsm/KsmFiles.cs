using System;
using System.Collections.Generic;
using System.Globalization;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>The files under /sys/kernel/mm/ksm: what each shows, what it takes, and what Linux says to anything else.</summary>
internal static class KsmFiles
{
    private const string AnyUInt = "0 to 4294967295";
    private const string AnyBoolean = "0 or 1, n or y, off or on";

    private static readonly SortedDictionary<string, KsmFile> s_files = new(StringComparer.Ordinal)
    {
        ["run"] = new(m => m.Merger.Knobs.Run, "0, 1 or 2", (m, text) => UInt(text, value => value > 2 ? Errno.Invalid : Run(m, (int)value))),
        ["pages_to_scan"] = new(m => m.Merger.Knobs.PagesToScan, AnyUInt, (m, text) => UInt(text, value => Set(ref m.Merger.Knobs.PagesToScan, value))),
        ["sleep_millisecs"] = new(m => m.Merger.Knobs.SleepMilliseconds, AnyUInt, (m, text) => UInt(text, value => Set(ref m.Merger.Knobs.SleepMilliseconds, value))),
        ["stable_node_chains_prune_millisecs"] = new(m => m.Merger.Knobs.ChainsPruneMilliseconds, AnyUInt, (m, text) => UInt(text, value => Set(ref m.Merger.Knobs.ChainsPruneMilliseconds, value))),
        ["use_zero_pages"] = new(m => m.Merger.Knobs.UseZeroPages ? 1 : 0, AnyBoolean, (m, text) => Boolean(text, value => Set(ref m.Merger.Knobs.UseZeroPages, value))),
        ["smart_scan"] = new(m => m.Merger.Knobs.SmartScan ? 1 : 0, AnyBoolean, (m, text) => Boolean(text, value => Set(ref m.Merger.Knobs.SmartScan, value))),
        ["max_page_sharing"] = new(m => m.Merger.Knobs.MaxPageSharing, "2 to 2147483647", SetMaxPageSharing),
        ["pages_scanned"] = new(m => m.Ksm.Counters.PagesScanned),
        ["pages_shared"] = new(m => m.Ksm.Counters.PagesShared),
        ["pages_sharing"] = new(m => m.Ksm.Counters.PagesSharing),
        ["pages_unshared"] = new(m => m.Ksm.Counters.PagesUnshared),
        ["pages_volatile"] = new(m => m.Ksm.Counters.PagesVolatile),
        ["pages_skipped"] = new(m => m.Ksm.Counters.PagesSkipped),
        ["full_scans"] = new(m => m.Ksm.Counters.FullScans),
        ["ksm_zero_pages"] = new(m => m.Ksm.Counters.KsmZeroPages),
        ["general_profit"] = new(m => m.Ksm.Counters.GeneralProfit),
        ["stable_node_chains"] = new(m => m.Ksm.Counters.StableNodeChains),
        ["stable_node_dups"] = new(m => m.Ksm.Counters.StableNodeDups),
    };

    /// <summary>Names of all files.</summary>
    internal static IReadOnlyList<string> Names { get; } = [.. s_files.Keys];

    /// <summary>A file by its name.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    internal static KsmFile Find(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return s_files.TryGetValue(file, out KsmFile? found)
            ? found
            : throw new ArgumentException($"There is no file {file}; there are {string.Join(", ", Names)}.", nameof(file));
    }

    private static Errno SetMaxPageSharing(Machine machine, string text)
    {
        (Errno error, long value) = Parse(text, int.MinValue, int.MaxValue);
        if (error != Errno.None || value < 2)
        {
            return error == Errno.None ? Errno.Invalid : error;
        }

        return machine.Merger.TrySetMaxPageSharing((int)value) ? Errno.None : Errno.Busy;
    }

    private static Errno Run(Machine machine, int value)
    {
        MemoryStatus status = machine.Merger.Run(value);
        if (status != MemoryStatus.Done)
        {
            Throw.Failure(status, nameof(Run), 0);
        }

        return Errno.None;
    }

    private static Errno Set<T>(ref T knob, T value)
    {
        knob = value;
        return Errno.None;
    }

    private static Errno UInt(string text, Func<uint, Errno> apply)
    {
        // These files say EINVAL to any number that they cannot take.
        (Errno error, long value) = Parse(text, 0, uint.MaxValue);
        return error == Errno.None ? apply((uint)value) : Errno.Invalid;
    }

    // As the kernel's boolean parser, which looks at one character, or at two after an o.
    private static Errno Boolean(string text, Func<bool, Errno> apply) => text[0] switch
    {
        'y' or 'Y' or 't' or 'T' or 'e' or 'E' or '1' => apply(true),
        'n' or 'N' or 'f' or 'F' or 'd' or 'D' or '0' => apply(false),
        'o' or 'O' when text.Length > 1 && text[1] is 'n' or 'N' => apply(true),
        'o' or 'O' when text.Length > 1 && text[1] is 'f' or 'F' => apply(false),
        _ => Errno.Invalid,
    };

    // Decimal digits after an optional sign, and an optional newline at the end; nothing else.
    private static (Errno Error, long Value) Parse(string text, long smallest, long largest)
    {
        ReadOnlySpan<char> digits = text.EndsWith('\n') ? text.AsSpan(0, text.Length - 1) : text;
        bool negative = smallest < 0 && digits.StartsWith("-", StringComparison.Ordinal);
        if (negative || digits.StartsWith("+", StringComparison.Ordinal))
        {
            digits = digits[1..];
        }

        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
        {
            return (Errno.Invalid, 0);
        }

        bool fits = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value);
        value = negative ? -value : value;
        return fits && value >= smallest && value <= largest ? (Errno.None, value) : (Errno.OutOfRange, 0);
    }

    /// <summary>One file.</summary>
    /// <param name="Read">What it shows.</param>
    /// <param name="Accepts">What it takes, for messages; null if it can only be read.</param>
    /// <param name="Write">Writes it, under the ksm mutex, and returns what the writer is told; null if it can only be read.</param>
    internal sealed record KsmFile(
        Func<Machine, long> Read, string? Accepts = null, Func<Machine, string, Errno>? Write = null);
}
