using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>Compares what several sides show of themselves, and notes what differs.</summary>
/// <remarks>Nothing that is looked at changes by it. Thread safety: none.</remarks>
internal sealed class StateComparison
{
    // These move with the operation itself; all others wait for a scan.
    private static readonly string[] s_immediate = ["cow_ksm", "ksm_zero_pages"];

    private static readonly string[] s_machine =
    [
        "pages_shared", "pages_sharing", "pages_unshared", "pages_volatile", "pages_scanned", "pages_skipped", "full_scans",
        "ksm_zero_pages", "general_profit", "stable_node_chains", "stable_node_dups", "ksm_rmap_items", "cow_ksm",
        "ksm_swpin_copy",
    ];

    private static readonly string[] s_knobs =
    [
        "run", "pages_to_scan", "sleep_millisecs", "merge_across_nodes", "use_zero_pages", "smart_scan", "max_page_sharing",
        "stable_node_chains_prune_millisecs", "advisor_mode", "advisor_max_cpu", "advisor_min_pages_to_scan",
        "advisor_max_pages_to_scan", "advisor_target_scan_time",
    ];

    private static readonly string[] s_process =
    [
        "ksm_rmap_items", "ksm_zero_pages", "ksm_merging_pages", "ksm_process_profit", "ksm_merge_any", "ksm_mergeable",
    ];

    private readonly IReadOnlyList<ConformanceSide> _sides;
    private readonly IReadOnlyList<ScriptRunner> _runners;
    private readonly ComparisonResult _result;
    private readonly List<int> _taking = [];

    /// <param name="sides">Who is compared; nobody has started them.</param>
    /// <param name="runners">Their runners, which know the names.</param>
    /// <param name="result">Receives what differs, and how much was compared.</param>
    internal StateComparison(IReadOnlyList<ConformanceSide> sides, IReadOnlyList<ScriptRunner> runners, ComparisonResult result)
    {
        (_sides, _runners, _result) = (sides, runners, result);
        _taking.AddRange(Enumerable.Range(0, sides.Count));
    }

    /// <summary>Numbers of the sides that take part, in ascending order.</summary>
    internal IReadOnlyList<int> Taking => _taking;

    private IScriptPerformer First => _sides[_taking[0]].Performer;

    private ScriptRunner FirstRunner => _runners[_taking[0]];

    /// <summary>From now on a side does not take part.</summary>
    internal void LeaveOut(int side) => _taking.Remove(side);

    /// <summary>The number of the only side that disagrees with all others, which agree; -1 if there is no such side.</summary>
    /// <param name="mayBe">Which sides come into question.</param>
    internal int OnlyDissenter(Predicate<int> mayBe)
    {
        foreach (int candidate in _taking.Where(side => mayBe(side)))
        {
            int[] others = [.. _taking.Where(side => side != candidate)];
            if (others.Length > 0 && _result.Differences.All(difference =>
                others.All(side => string.Equals(difference.Values[side], difference.Values[others[0]], StringComparison.Ordinal))))
            {
                return candidate;
            }
        }

        return -1;
    }

    /// <summary>Compares what moves at once.</summary>
    internal void CompareImmediate() => CompareCounters(s_immediate);

    /// <summary>Compares which pages have kept their frames.</summary>
    internal void CompareKept(FrameKeeping keeping)
    {
        Dictionary<int, string> kept = _taking.ToDictionary(side => side, side => keeping.Describe(side, _sides[side].Performer));
        _result.Compared += keeping.Count;
        if (kept.Values.Any(value => !string.Equals(value, kept[_taking[0]], StringComparison.Ordinal)))
        {
            Note(keeping.Name, side => kept[side]);
        }
    }

    /// <summary>Compares the flush operations of the last operation, if all sides count them.</summary>
    internal void CompareFlushes()
    {
        Dictionary<int, IReadOnlyList<FlushOperation>?> flushes =
            _taking.ToDictionary(side => side, side => _runners[side].Flushes);
        if (flushes.Values.Any(seen => seen is null))
        {
            return;
        }

        _result.Compared++;
        if (flushes.Values.Any(seen => !seen!.SequenceEqual(flushes[_taking[0]]!)))
        {
            Note(Flushes, side => ScriptPrinter.Of(FlushRun.Of(flushes[side]!)));
        }
    }

    /// <summary>What a difference of flush operations is called.</summary>
    internal const string Flushes = "flush operations";

    /// <summary>Compares the settings.</summary>
    internal void CompareKnobs() => CompareCounters(s_knobs);

    /// <summary>Compares every counter, every VMA, and which pages share a frame.</summary>
    internal void CompareAll()
    {
        CompareCounters(s_machine);
        foreach ((string process, int number) in FirstRunner.Processes)
        {
            foreach (string counter in s_process.Where(counter => AllKnow(counter, CounterScope.Process)))
            {
                Compare($"{process}.{counter}", side => Read(_sides[side].Performer, number, counter));
            }

            CompareVmas(process, number);
        }

        ComparePages();
    }

    /// <summary>Compares the bytes of every page that is present.</summary>
    internal void CompareContents()
    {
        ulong pageSize = (ulong)First.PageSize;
        byte[] expected = new byte[First.ContentSize];
        byte[] found = new byte[First.ContentSize];
        foreach ((string process, int number) in FirstRunner.Processes)
        {
            foreach ((string region, PageRun run) in FirstRunner.RegionsOf(process))
            {
                for (ulong page = 0; page < ulong.Min(run.Pages, FramePartition.MostPages); page++)
                {
                    ulong address = run.Address + (page * pageSize);
                    if (First.StateAt(number, address, PageState.Anonymous).HasFlag(PageState.Anonymous))
                    {
                        First.Peek(number, address, expected);
                        CompareContent($"content of {process} {region}[{page}]", number, address, expected, found);
                    }
                }
            }
        }
    }

    /// <summary>Notes what differs.</summary>
    /// <param name="what">What was looked at.</param>
    /// <param name="show">What each side shows, by its number.</param>
    internal void Note(string what, Func<int, string> show) => _result.Differences.Add(new Difference(
        what, [.. Enumerable.Range(0, _sides.Count).Select(side => _taking.Contains(side) ? show(side) : "left out")]));

    private static CounterValue Read(IScriptPerformer performer, string counter) =>
        performer.TryReadCounter(counter, out CounterValue value) ? value : default;

    private static CounterValue Read(IScriptPerformer performer, int process, string counter) =>
        performer.TryReadCounter(process, counter, out CounterValue value) ? value : default;

    private bool AllKnow(string counter, CounterScope scope) =>
        _sides.All(side => side.Performer.CounterNames(scope).Contains(counter, StringComparer.Ordinal));

    private void CompareCounters(string[] counters)
    {
        foreach (string counter in counters.Where(counter => AllKnow(counter, CounterScope.Machine)))
        {
            Compare(counter, side => Read(_sides[side].Performer, counter));
        }
    }

    private void CompareVmas(string process, int number)
    {
        Dictionary<int, IReadOnlyList<VmaFigures>> vmas = _taking.ToDictionary(side => side, side => _sides[side].Performer.VmasOf(number));
        int most = vmas.Values.Max(list => list.Count);
        for (int i = 0; i < most; i++)
        {
            Compare($"{process}, VMA {i}", side => i < vmas[side].Count ? vmas[side][i] : default);
        }
    }

    private void ComparePages()
    {
        Dictionary<int, FramePartition> partitions =
            _taking.ToDictionary(side => side, side => new FramePartition(_runners[side], _sides[side].Performer));
        FramePartition first = partitions[_taking[0]];
        _result.Compared += first.Count;
        for (int place = 0; place < first.Count; place++)
        {
            if (partitions.Values.Any(partition => !partition.IsSame(first, place)))
            {
                Note(first.Name(place), side => partitions[side].Describe(place));
            }
        }
    }

    private void CompareContent(string what, int process, ulong address, byte[] expected, byte[] found)
    {
        _result.Compared++;
        foreach (int side in _taking.Skip(1))
        {
            _sides[side].Performer.Peek(process, address, found);
            if (!expected.AsSpan().SequenceEqual(found))
            {
                Note(what, other =>
                {
                    _sides[other].Performer.Peek(process, address, found);
                    return $"begins with {MemoryMarshal.Read<ulong>(found):x16}";
                });
                return;
            }
        }
    }

    private void Compare<T>(string what, Func<int, T> read)
        where T : struct, IEquatable<T>
    {
        Dictionary<int, T> values = _taking.ToDictionary(side => side, read);
        _result.Compared++;
        if (values.Values.Any(value => !value.Equals(values[_taking[0]])))
        {
            Note(what, side => values[side].ToString()!);
        }
    }
}
