using System;
using System.Collections.Generic;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <content>What names stand for.</content>
public sealed partial class ScriptRunner
{
    /// <summary>Pages that a living process has names for; some of them may have been unmapped.</summary>
    /// <param name="process">Its name.</param>
    /// <returns>Regions by name, in the order of the names.</returns>
    /// <exception cref="ArgumentException">No process of that name lives.</exception>
    public IReadOnlyDictionary<string, PageRun> RegionsOf(string process)
    {
        if (!_processes.TryGetValue(process, out ScriptProcess? found) || found.HasExited)
        {
            throw new ArgumentException($"No process {process} lives.", nameof(process));
        }

        SortedDictionary<string, PageRun> regions = new(StringComparer.Ordinal);
        foreach ((string name, ScriptRegion region) in found.Regions)
        {
            if (!region.IsReleased)
            {
                regions.Add(name, new PageRun(region.Address, region.Pages));
            }
        }

        return regions;
    }

    private ScriptProcess Find(Name name) => _processes.TryGetValue(name.Text, out ScriptProcess? process)
        ? process
        : throw Bad(name.Position, $"there is no process {Quote.Of(name.Text)}{Spelling.Suggest(name.Text, _processes.Keys)}");

    private ScriptProcess Living(Name name) => Find(name) is { HasExited: false } process
        ? process
        : throw Bad(name.Position, $"process {Quote.Of(name.Text)} has exited");

    private void RequireFresh(Name name)
    {
        if (_processes.TryGetValue(name.Text, out ScriptProcess? process) && !process.HasExited)
        {
            throw Bad(name.Position, $"there is already a process {Quote.Of(name.Text)}");
        }
    }

    private ScriptRegion RegionOf(ScriptProcess process, Name name) =>
        process.Regions.TryGetValue(name.Text, out ScriptRegion region)
            ? region
            : throw Bad(
                name.Position,
                $"the process has no region {Quote.Of(name.Text)}{Spelling.Suggest(name.Text, process.Regions.Keys)}");

    private void RequireFreeName(ScriptProcess process, Name name)
    {
        if (process.Regions.TryGetValue(name.Text, out ScriptRegion region) && !region.IsReleased)
        {
            throw Bad(name.Position, $"the process already has a region {Quote.Of(name.Text)}; unmap it as a whole first");
        }
    }

    /// <summary>Pages of a region without a step, or all from the first to the last of a selection with one.</summary>
    private (ScriptRegion Region, ulong First, ulong Pages) Stretch(ScriptProcess process, PageRange range)
    {
        ScriptRegion region = RegionOf(process, range.Region);
        if (range.Pages is not { } pages)
        {
            return (region, 0, region.Pages);
        }

        if (pages.Last >= region.Pages)
        {
            throw Bad(
                range.Region.Position,
                $"page {pages.Last} is behind the end of {Quote.Of(range.Region.Text)}, which has {region.Pages} pages");
        }

        return (region, pages.First, pages.Last - pages.First + 1);
    }

    /// <summary>The runs of neighbouring pages of a range, each with the index of its first page among those selected.</summary>
    private IEnumerable<(PageRun Run, ulong Index)> Runs(ScriptProcess process, PageRange range)
    {
        (ScriptRegion region, ulong first, ulong pages) = Stretch(process, range);
        ulong pageSize = (ulong)_performer.PageSize;
        ulong step = range.Pages?.Step ?? 1;
        if (step == 1)
        {
            yield return (new PageRun(region.Address + (first * pageSize), pages), 0);
            yield break;
        }

        Touch(((pages - 1) / step) + 1);
        for (ulong i = 0; i < pages; i += step)
        {
            yield return (new PageRun(region.Address + ((first + i) * pageSize), 1), i / step);
        }
    }

    /// <summary>The pages of a range one by one: their indices in the region and their addresses.</summary>
    private IEnumerable<(ulong Page, ulong Address, ulong Index)> Each(ScriptProcess process, PageRange range)
    {
        (ScriptRegion region, ulong first, ulong pages) = Stretch(process, range);
        ulong step = range.Pages?.Step ?? 1;
        Touch(((pages - 1) / step) + 1);
        for (ulong i = 0; i < pages; i += step)
        {
            yield return (first + i, region.Address + ((first + i) * (ulong)_performer.PageSize), i / step);
        }
    }

    private static ulong CountOf(PageRange range, ulong pages) => ((pages - 1) / (range.Pages?.Step ?? 1)) + 1;

    private ulong AddressOf(ScriptProcess process, PagePlace place)
    {
        ScriptRegion region = RegionOf(process, place.Region);
        return place.Page < region.Pages
            ? region.Address + (place.Page * (ulong)_performer.PageSize)
            : throw Bad(
                place.Region.Position,
                $"page {place.Page} is behind the end of {Quote.Of(place.Region.Text)}, which has {region.Pages} pages");
    }

    private ulong AddressOf(ScriptProcess process, BytePlace place) => place.Offset < _performer.PageSize
        ? AddressOf(process, place.Page) + place.Offset
        : throw Bad(
            place.Page.Region.Position, $"a page has {_performer.PageSize} bytes; byte {place.Offset} is behind its end");

    /// <summary>An explicit place; null for any. A page of it may lie behind its region's end.</summary>
    private ulong? AddressOf(ScriptProcess process, Target target) => target switch
    {
        { Address: { } address } => address,
        { Place: { } place } => RegionOf(process, place.Region).Address + (place.Page * (ulong)_performer.PageSize),
        _ => null,
    };

    private ulong FrameOf(FramePlace place)
    {
        if (place.Page is null)
        {
            return _frames.TryGetValue(place.Holder.Text, out ulong remembered)
                ? remembered
                : throw Bad(
                    place.Holder.Position,
                    $"no frame is remembered as {Quote.Of(place.Holder.Text)}{Spelling.Suggest(place.Holder.Text, _frames.Keys)}");
        }

        ScriptProcess process = Living(place.Holder);
        ulong frame = _performer.FrameAt(process.Number, AddressOf(process, place.Page));
        return frame != 0
            ? frame
            : throw Fail(
                ScriptOutcome.ExpectationFailed, place.Page.Region.Position,
                $"{place.Holder} {Printing.ScriptPrinter.Of(place.Page)} is mapped to no frame");
    }
}
