using System;
using System.Collections.Generic;

namespace FastKsm;

/// <summary>Something that same-page merging did: a tracepoint of Linux with its fields, in Linux's order.</summary>
/// <remarks>
/// What is a pointer on Linux is a number here: <c>mm</c> the id of an address space, <c>rmap_item</c> that of an item,
/// <c>ksm_page</c> the frame that is merged with (0: the page's own frame becomes a merged one). <c>err</c> is 0 or Linux's
/// negative error number.
/// </remarks>
public readonly record struct KsmEvent
{
    private static readonly string[][] s_fields =
    [
        ["seq", "rmap_entries"],
        ["seq", "rmap_entries"],
        ["mm"],
        ["mm"],
        ["pfn", "rmap_item", "mm", "err"],
        ["ksm_page", "pfn", "rmap_item", "mm", "err"],
        ["pfn"],
        ["pfn", "rmap_item", "mm"],
        ["scan_time", "pages_to_scan", "cpu_percent"],
    ];

    private static readonly string[] s_names =
    [
        "ksm_start_scan", "ksm_stop_scan", "ksm_enter", "ksm_exit", "ksm_merge_one_page", "ksm_merge_with_ksm_page",
        "ksm_remove_ksm_page", "ksm_remove_rmap_item", "ksm_advisor",
    ];

    private readonly long _first;
    private readonly long _second;
    private readonly long _third;
    private readonly long _fourth;
    private readonly long _fifth;

    /// <param name="kind">Which tracepoint.</param>
    /// <param name="first">Its first field.</param>
    /// <param name="second">Its second field; 0 if it has none.</param>
    /// <param name="third">Its third field; 0 if it has none.</param>
    /// <param name="fourth">Its fourth field; 0 if it has none.</param>
    /// <param name="fifth">Its fifth field; 0 if it has none.</param>
    internal KsmEvent(KsmEventKind kind, long first, long second = 0, long third = 0, long fourth = 0, long fifth = 0)
    {
        Kind = kind;
        (_first, _second, _third, _fourth, _fifth) = (first, second, third, fourth, fifth);
    }

    /// <summary>Which tracepoint.</summary>
    public KsmEventKind Kind { get; }

    /// <summary>Linux's name of the tracepoint.</summary>
    public string Name => s_names[(int)Kind];

    /// <summary>Names of its fields, in Linux's order.</summary>
    public IReadOnlyList<string> FieldNames => s_fields[(int)Kind];

    /// <summary>A field by its place.</summary>
    /// <param name="field">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The event has fewer fields.</exception>
    public long this[int field] => (uint)field < (uint)s_fields[(int)Kind].Length
        ? field switch { 0 => _first, 1 => _second, 2 => _third, 3 => _fourth, _ => _fifth }
        : throw new ArgumentOutOfRangeException(nameof(field), field, $"{Name} has {s_fields[(int)Kind].Length} fields.");
}
