using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using PageRun = FastKsm.Scripting.Running.PageRun;

namespace FastKsm.Cli.Conformance;

/// <summary>Which pages of a script's processes share a frame, and what the frames are; the same whatever their numbers.</summary>
/// <remarks>Of anonymous memory: a page of a file may be mapped without having been touched, because Linux maps its neighbours too.</remarks>
internal sealed class FramePartition
{
    /// <summary>Pages of a region that are looked at, from its start.</summary>
    internal const ulong MostPages = 1 << 16;

    private const int Absent = -1;

    private readonly List<(string Process, string Region, ulong Page)> _places = [];
    private readonly List<(int Class, PageState State)> _classes = [];

    /// <summary>Looks at all pages that the script has names for.</summary>
    /// <param name="runner">Knows the names.</param>
    /// <param name="performer">Knows the frames.</param>
    internal FramePartition(ScriptRunner runner, IScriptPerformer performer)
    {
        Dictionary<ulong, int> first = [];
        foreach ((string process, int number) in runner.Processes.OrderBy(entry => entry.Value))
        {
            foreach ((string region, PageRun run) in runner.RegionsOf(process))
            {
                for (ulong page = 0; page < ulong.Min(run.Pages, MostPages); page++)
                {
                    Add(first, performer, number, run.Address + (page * (ulong)performer.PageSize));
                    _places.Add((process, region, page));
                }
            }
        }
    }

    /// <summary>Pages looked at.</summary>
    internal int Count => _places.Count;

    /// <summary>What is to be seen at a page, in words: <c>absent</c>, <c>part of a huge page, first of 1</c>, <c>zero</c>, <c>ksm, alone</c>, <c>with A heap[3]</c>.</summary>
    internal string Describe(int place)
    {
        (int label, PageState state) = _classes[place];
        if (label == Absent)
        {
            return "absent";
        }

        string kind = state.HasFlag(PageState.Zero) ? "zero frame"
            : state.HasFlag(PageState.Merged) ? "ksm"
            : state.HasFlag(PageState.Huge) ? "part of a huge page" : "private";
        return state.HasFlag(PageState.Zero) ? kind
            : label != place ? $"{kind}, with {Name(label)}"
            : $"{kind}, first of {_classes.Count(other => other.Class == label)}";
    }

    /// <summary>Name of a page as scripts write it.</summary>
    internal string Name(int place) => $"{_places[place].Process} {_places[place].Region}[{_places[place].Page}]";

    /// <summary>Whether a page is the same here and in another partition of the same script.</summary>
    internal bool IsSame(FramePartition other, int place) => _classes[place] == other._classes[place];

    private void Add(Dictionary<ulong, int> first, IScriptPerformer performer, int process, ulong address)
    {
        const PageState Asked = PageState.Anonymous | PageState.Zero | PageState.Merged | PageState.Huge;
        PageState state = performer.StateAt(process, address, Asked) & Asked;
        int label = Absent;
        if (state.HasFlag(PageState.Anonymous))
        {
            ulong frame = performer.FrameAt(process, address);
            if (!first.TryGetValue(frame, out label))
            {
                label = _classes.Count;
                first.Add(frame, label);
            }
        }
        else if (state.HasFlag(PageState.Zero))
        {
            label = 0; // All pages on zero frames look the same; there may be several such frames.
        }

        _classes.Add((label, state));
    }
}
