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

    private const string AnyULong = "0 to 18446744073709551615";

    private static readonly SortedDictionary<string, KsmFile> s_files = new(StringComparer.Ordinal)
    {
        ["run"] = new(m => Show(m.Merger.RunShown), "0, 1 or 2", (m, text) => UInt(text, value => value > 2 ? Errno.Invalid : Run(m, (int)value))),
        ["pages_to_scan"] = new(m => Show(m.Merger.Knobs.PagesToScan), AnyUInt + " while there is no advisor", SetPagesToScan),
        ["sleep_millisecs"] = new(m => Show(m.Merger.Knobs.SleepMilliseconds), AnyUInt, (m, text) => UInt(text, value => Set(ref m.Merger.Knobs.SleepMilliseconds, value))),
        ["merge_across_nodes"] = new(m => Show(m.Merger.Knobs.MergeAcrossNodes), "0 or 1", SetMergeAcrossNodes),
        ["stable_node_chains_prune_millisecs"] = new(m => Show(m.Merger.Knobs.ChainsPruneMilliseconds), AnyUInt, (m, text) => UInt(text, value => Set(ref m.Merger.Knobs.ChainsPruneMilliseconds, value))),
        ["use_zero_pages"] = new(m => Show(m.Merger.Knobs.UseZeroPages), AnyBoolean, (m, text) => Boolean(text, value => Set(ref m.Merger.Knobs.UseZeroPages, value))),
        ["smart_scan"] = new(m => Show(m.Merger.Knobs.SmartScan), AnyBoolean, (m, text) => Boolean(text, value => Set(ref m.Merger.Knobs.SmartScan, value))),
        ["max_page_sharing"] = new(m => Show(m.Merger.Knobs.MaxPageSharing), "2 to 2147483647", SetMaxPageSharing),
        ["advisor_mode"] = new(m => m.Merger.Advisor.IsOn ? "none [scan-time]" : "[none] scan-time", "none or scan-time", SetAdvisorMode),
        ["advisor_max_cpu"] = new(m => Show(m.Merger.Advisor.MaxCpu), AnyULong + " of which 32 bits count", (m, text) => ULong(text, value => Set(ref m.Merger.Advisor.MaxCpu, (uint)value))),
        ["advisor_min_pages_to_scan"] = new(m => Show(m.Merger.Advisor.MinPagesToScan), AnyULong, (m, text) => ULong(text, value => Set(ref m.Merger.Advisor.MinPagesToScan, value))),
        ["advisor_max_pages_to_scan"] = new(m => Show(m.Merger.Advisor.MaxPagesToScan), AnyULong, (m, text) => ULong(text, value => Set(ref m.Merger.Advisor.MaxPagesToScan, value))),
        ["advisor_target_scan_time"] = new(m => Show(m.Merger.Advisor.TargetScanTime), "1 to 18446744073709551615", (m, text) => ULong(text, value => value == 0 ? Errno.Invalid : Set(ref m.Merger.Advisor.TargetScanTime, value))),
        ["pages_scanned"] = new(m => Show(m.Ksm.Counters.PagesScanned)),
        ["pages_shared"] = new(m => Show(m.Ksm.Counters.PagesShared)),
        ["pages_sharing"] = new(m => Show(m.Ksm.Counters.PagesSharing)),
        ["pages_unshared"] = new(m => Show(m.Ksm.Counters.PagesUnshared)),
        ["pages_volatile"] = new(m => Show(m.Ksm.Counters.PagesVolatile)),
        ["pages_skipped"] = new(m => Show(m.Ksm.Counters.PagesSkipped)),
        ["full_scans"] = new(m => Show(m.Ksm.Counters.FullScans)),
        ["ksm_zero_pages"] = new(m => Show(m.Ksm.Counters.KsmZeroPages)),
        ["general_profit"] = new(m => Show(m.Ksm.Counters.GeneralProfit)),
        ["stable_node_chains"] = new(m => Show(m.Ksm.Counters.StableNodeChains)),
        ["stable_node_dups"] = new(m => Show(m.Ksm.Counters.StableNodeDups)),
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

    private static string Show(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Show(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Show(bool value) => value ? "1" : "0";

    private static Errno SetPagesToScan(Machine machine, string text) => machine.Merger.Advisor.IsOn
        ? Errno.Invalid
        : UInt(text, value => Set(ref machine.Merger.Knobs.PagesToScan, value));

    private static Errno SetMergeAcrossNodes(Machine machine, string text)
    {
        (Errno error, ulong value) = ParseUnsigned(text);
        if (error != Errno.None || value > 1)
        {
            return error == Errno.None ? Errno.Invalid : error;
        }

        return machine.Merger.TrySetMergeAcrossNodes(value == 1) ? Errno.None : Errno.Busy;
    }

    private static Errno SetAdvisorMode(Machine machine, string text)
    {
        bool? on = text switch
        {
            "none" or "none\n" => false,
            "scan-time" or "scan-time\n" => true,
            _ => null,
        };
        if (on is null)
        {
            return Errno.Invalid;
        }

        machine.Merger.Advisor.Switch(on.Value);
        return Errno.None;
    }

    private static Errno SetMaxPageSharing(Machine machine, string text)
    {
        bool negative = text.StartsWith('-');
        (Errno error, ulong value) = ParseUnsigned(negative ? text[1..] : text, mayHavePlus: !negative);
        ulong largest = negative ? 1UL << 31 : int.MaxValue;
        if (error == Errno.None && value > largest)
        {
            error = Errno.OutOfRange;
        }

        if (error != Errno.None || negative || value < 2)
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
            Failures.Throw(status, nameof(Run), 0);
        }

        return Errno.None;
    }

    private static Errno Set<T>(ref T knob, T value)
    {
        knob = value;
        return Errno.None;
    }

    // These files say EINVAL to any number that they cannot take.
    private static Errno UInt(string text, Func<uint, Errno> apply) =>
        ParseUnsigned(text) is (Errno.None, <= uint.MaxValue) parsed ? apply((uint)parsed.Value) : Errno.Invalid;

    private static Errno ULong(string text, Func<ulong, Errno> apply) =>
        ParseUnsigned(text) is (Errno.None, _) parsed ? apply(parsed.Value) : Errno.Invalid;

    // As the kernel's boolean parser, which looks at one character, or at two after an o.
    private static Errno Boolean(string text, Func<bool, Errno> apply) => text[0] switch
    {
        'y' or 'Y' or 't' or 'T' or 'e' or 'E' or '1' => apply(true),
        'n' or 'N' or 'f' or 'F' or 'd' or 'D' or '0' => apply(false),
        'o' or 'O' when text.Length > 1 && text[1] is 'n' or 'N' => apply(true),
        'o' or 'O' when text.Length > 1 && text[1] is 'f' or 'F' => apply(false),
        _ => Errno.Invalid,
    };

    // Decimal digits after an optional plus, and an optional newline at the end; nothing else.
    private static (Errno Error, ulong Value) ParseUnsigned(string text, bool mayHavePlus = true)
    {
        ReadOnlySpan<char> digits = text.EndsWith('\n') ? text.AsSpan(0, text.Length - 1) : text;
        if (mayHavePlus && digits.StartsWith("+", StringComparison.Ordinal))
        {
            digits = digits[1..];
        }

        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
        {
            return (Errno.Invalid, 0);
        }

        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? (Errno.None, value)
            : (Errno.OutOfRange, 0);
    }

    /// <summary>One file.</summary>
    /// <param name="Read">What it shows.</param>
    /// <param name="Accepts">What it takes, for messages; null if it can only be read.</param>
    /// <param name="Write">Writes it, under the ksm mutex, and returns what the writer is told; null if it can only be read.</param>
    internal sealed record KsmFile(
        Func<Machine, string> Read, string? Accepts = null, Func<Machine, string, Errno>? Write = null);
}
