using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using PageRun = FastKsm.Scripting.Running.PageRun;

namespace FastKsm.Cli.Conformance;

/// <summary>Which pages of a write keep their frames by it: Linux reuses a frame or copies it, and the bytes do not tell which.</summary>
/// <remarks>
/// A frame that a write gives up is freed after its successor has been taken, so the successor has another number. Good for one
/// operation. Thread safety: none.
/// </remarks>
internal sealed class FrameKeeping
{
    private const ulong MostPages = 64;

    private readonly string _process;
    private readonly string _region;
    private readonly int _number;
    private readonly PageRun _run;
    private readonly ulong _first;
    private readonly Dictionary<int, ulong[]> _before = [];

    private FrameKeeping(string process, int number, string region, PageRun run, ulong first) =>
        (_process, _number, _region, _run, _first) = (process, number, region, run, first);

    /// <summary>Pages that are compared.</summary>
    internal int Count => (int)_run.Pages;

    /// <summary>Prepares for an operation that writes pages.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="runner">Knows the names.</param>
    /// <returns>Null for one that writes none, or names what is not there.</returns>
    internal static FrameKeeping? For(Operation operation, ScriptRunner runner)
    {
        (string Process, string Region, ulong First, ulong? Last)? written = operation switch
        {
            Operation.Fill o => (o.Process.Text, o.Pages.Region.Text, o.Pages.Pages?.First ?? 0, o.Pages.Pages?.Last),
            Operation.Write o => (o.Process.Text, o.Page.Region.Text, o.Page.Page, o.Page.Page),
            Operation.Poke o => (o.Process.Text, o.Place.Page.Region.Text, o.Place.Page.Page, o.Place.Page.Page),
            Operation.ForceWrite o => (o.Process.Text, o.Page.Region.Text, o.Page.Page, o.Page.Page),
            Operation.DirectIo o => (o.Process.Text, o.Pages.Region.Text, o.Pages.Pages?.First ?? 0, o.Pages.Pages?.Last),
            Operation.Populate { ForWriting: true } o => (o.Process.Text, o.Pages.Region.Text, o.Pages.Pages?.First ?? 0, o.Pages.Pages?.Last),
            _ => null,
        };
        if (written is not var (process, region, first, last) || !runner.Processes.TryGetValue(process, out int number)
            || !runner.RegionsOf(process).TryGetValue(region, out PageRun whole) || first >= whole.Pages)
        {
            return null;
        }

        ulong end = ulong.Min((last ?? (whole.Pages - 1)) + 1, ulong.Min(whole.Pages, first + MostPages));
        return new FrameKeeping(process, number, region, new PageRun(whole.Address + (first * (ulong)Environment.SystemPageSize), end - first), first);
    }

    /// <summary>Looks at one side, before the operation.</summary>
    internal void Look(int side, IScriptPerformer performer) => _before[side] = FramesOf(performer);

    /// <summary>What a side shows after the operation: a letter for each page, <c>k</c> kept, <c>c</c> another frame, <c>-</c> none before.</summary>
    internal string Describe(int side, IScriptPerformer performer) => string.Concat(
        _before[side].Zip(FramesOf(performer), (before, after) => before == 0 ? '-' : before == after ? 'k' : 'c'));

    /// <summary>What is compared, as reports name it.</summary>
    internal string Name => $"frames kept (k) or copied (c), {_process} {_region}[{_first}..{_first + _run.Pages - 1}]";

    // The zero frame is no frame that a write could keep, and pages of files are mapped without having been touched.
    private ulong[] FramesOf(IScriptPerformer performer)
    {
        ulong[] frames = new ulong[_run.Pages];
        for (int i = 0; i < frames.Length; i++)
        {
            ulong address = _run.Address + ((ulong)i * (ulong)performer.PageSize);
            frames[i] = performer.StateAt(_number, address, PageState.Anonymous | PageState.Zero).HasFlag(PageState.Anonymous)
                ? performer.FrameAt(_number, address)
                : 0;
        }

        return frames;
    }
}
