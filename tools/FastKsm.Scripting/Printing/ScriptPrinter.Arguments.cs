using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Printing;

/// <content>Arguments and options.</content>
public static partial class ScriptPrinter
{
    /// <summary>Pages of a region.</summary>
    /// <param name="range">The pages.</param>
    public static string Of(PageRange range)
    {
        ArgumentNullException.ThrowIfNull(range);
        return range.Pages switch
        {
            null => range.Region.Text,
            { Step: > 1 } pages => $"{range.Region}[{pages.First}..{pages.Last}:{pages.Step}]",
            var pages when pages.First == pages.Last => $"{range.Region}[{pages.First}]",
            var pages => $"{range.Region}[{pages.First}..{pages.Last}]",
        };
    }

    /// <summary>A condition of an <c>expect</c>.</summary>
    /// <param name="condition">The condition.</param>
    public static string Of(CounterExpectation condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return $"{condition.Counter}{Words.Relations.WordOf(condition.Relation)}{condition.Value}";
    }

    /// <summary>One page of a region.</summary>
    /// <param name="place">The page.</param>
    public static string Of(PagePlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return $"{place.Region}[{place.Page}]";
    }

    private static string Of(BytePlace place) => $"{Of(place.Page)}+{place.Offset}";

    private static string Of(FramePlace place) => place.Page is { } page ? $"{place.Holder} {Of(page)}" : $"@{place.Holder}";

    private static string Of(ContentPattern pattern) => $"{(pattern.IsUnique ? "unique" : "same")} {pattern.First}";

    private static string Of(Target target) => (target.Address, target.Place) switch
    {
        ({ } address, _) => $"0x{address:x}",
        (_, { } place) => Of(place),
        _ => "any",
    };

    private static string Of(Duration duration)
    {
        foreach (string unit in s_units)
        {
            _ = Words.Units.TryFind(unit, out long nanoseconds);
            if (duration.Nanoseconds % nanoseconds == 0)
            {
                return $"{duration.Nanoseconds / nanoseconds}{unit}";
            }
        }

        throw new ArgumentOutOfRangeException(nameof(duration), duration, "The last unit divides every duration.");
    }

    /// <summary>An event.</summary>
    /// <param name="expected">The event.</param>
    public static string Of(ExpectedEvent expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        return expected.Fields.Count == 0
            ? expected.EventName
            : $"{expected.EventName}({string.Join(',', expected.Fields.Select(field => $"{field.Field}={field.Value}"))})";
    }

    /// <summary>Flush operations.</summary>
    /// <param name="flushes">The flush operations; none as the word for it.</param>
    public static string Of(IEnumerable<FlushRun> flushes)
    {
        string text = string.Join(' ', flushes);
        return text.Length == 0 ? "none" : text;
    }

    private static string Of(MachineSettings settings) =>
        Option("frames=", settings.Frames) + Option("cpus=", settings.Cpus) + Option("nodes=", settings.Nodes)
        + Option("page_size=", settings.PageSize)
        + Option("content=", settings.Content is { } content ? Words.Contents.WordOf(content) : null)
        + Option("max_map_count=", settings.MaxMapCount) + Option("zero_page_colours=", settings.ZeroPageColours)
        + Option("zero_frame_reads=", settings.ZeroFrameReads is { } reads ? Words.Switch.WordOf(reads) : null)
        + Option("zero_frame_splits=", settings.ZeroFrameSplits is { } splits ? Words.Switch.WordOf(splits) : null)
        + Option("merge_flushes=", settings.MergeFlushes is { } flushes ? Words.MergeFlushes.WordOf(flushes) : null);

    private static string Of(MapSettings settings) =>
        Option(string.Empty, settings.Protection == (Protection.Read | Protection.Write)
            ? null
            : Words.Protections.WordOf(settings.Protection))
        + Flag("shared", settings.Shared) + Flag("file", settings.File) + Flag("huge", settings.Huge)
        + Flag("noreserve", settings.NoReserve) + Option("at=", settings.At is { } target ? Of(target) : null)
        + Option("node=", settings.Node);

    private static string Of(RemapSettings settings) =>
        Option(string.Empty, settings.Pages) + Flag("maymove", settings.MayMove) + Flag("move", settings.Move)
        + Option("to=", settings.To is { } target ? Of(target) : null) + Flag("dontunmap", settings.DontUnmap)
        + Option("as=", settings.As?.Text);

    private static string Of(SwapSettings settings) =>
        $" kind={Words.SwapDevices.WordOf(settings.Kind)}" + Option("priority=", settings.Priority)
        + Option("bad=", settings.Bad.Count == 0 ? null : string.Join(',', settings.Bad.Select(OfSlots)))
        + Option("last_page=", settings.LastPage) + Option("version=", settings.Version) + Flag("magic=bad", settings.BadMagic);

    private static string OfSlots(PageSelection slots) =>
        slots.First == slots.Last ? $"{slots.First}" : $"{slots.First}..{slots.Last}";

    private static string Flag(string word, bool isSet) => isSet ? " " + word : string.Empty;

    private static string Option<T>(string name, T? value)
        where T : struct =>
        value is { } given ? $" {name}{given}" : string.Empty;

    private static string Option(string name, string? value) => value is null ? string.Empty : $" {name}{value}";

    private static string Each<T>(ValueList<T> items, Func<T, string> print) =>
        string.Concat(items.Select(item => " " + print(item)));
}
