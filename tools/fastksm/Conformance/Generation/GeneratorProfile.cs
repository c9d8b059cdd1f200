using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Conformance.Generation;

/// <summary>The shape of generated scripts: how long they are, and what happens in them how often.</summary>
/// <param name="Name">Its name, as the command line takes it.</param>
internal sealed record GeneratorProfile(string Name)
{
    // How often what happens where nothing says otherwise.
    private static readonly Dictionary<Act, int> s_usual = new()
    {
        [Act.Scan] = 24,
        [Act.Write] = 16,
        [Act.Fill] = 10,
        [Act.FillUnique] = 3,
        [Act.Poke] = 3,
        [Act.Read] = 2,
        [Act.Populate] = 2,
        [Act.ForceWrite] = 2,
        [Act.Spawn] = 3,
        [Act.Fork] = 5,
        [Act.Exit] = 4,
        [Act.Exec] = 1,
        [Act.Map] = 4,
        [Act.UnmapPart] = 4,
        [Act.UnmapAll] = 2,
        [Act.Protect] = 4,
        [Act.MoveAll] = 3,
        [Act.MovePart] = 3,
        [Act.MoveAndKeep] = 2,
        [Act.Resize] = 2,
        [Act.Mergeable] = 3,
        [Act.Unmergeable] = 4,
        [Act.DontNeed] = 7,
        [Act.OtherAdvice] = 2,
        [Act.Lock] = 4,
        [Act.Unlock] = 1,
        [Act.MergeEverything] = 2,
        [Act.MergeNothing] = 1,
        [Act.Prctl] = 1,
        [Act.Pin] = 3,
        [Act.PinForReading] = 1,
        [Act.Unpin] = 4,
        [Act.ZeroPages] = 2,
        [Act.SmartScan] = 1,
        [Act.PruneInterval] = 1,
        [Act.Limit] = 1,
        [Act.Nodes] = 1,
        [Act.RefusedKnob] = 1,
        [Act.NoPagesToScan] = 1,
        [Act.Stop] = 1,
        [Act.UnmergeAll] = 1,
        [Act.Batches] = 2,
        [Act.ChainComesAndGoes] = 2,
        [Act.ForkAndDiverge] = 1,
        [Act.HugePages] = 2,
        [Act.ForgottenParent] = 1,
        [Act.LargeNeighbours] = 1,
    };

    private static readonly GeneratorProfile s_general = new("general");

    /// <summary>All shapes; a seed draws one of them, the first more often than any other.</summary>
    internal static IReadOnlyList<GeneratorProfile> All { get; } =
    [
        s_general,
        new("chains")
        {
            Limits = ["2", "2", "3"], Sizes = [4, 8, 12, 24, 40], Contents = 2, UniqueChance = 20,
            Weights = Usual((Act.DontNeed, 14), (Act.ChainComesAndGoes, 10), (Act.Limit, 3), (Act.PruneInterval, 4), (Act.Exit, 6)),
        },
        new("forks")
        {
            MostProcesses = 16, Weights = Usual((Act.Fork, 16), (Act.Exit, 10), (Act.ForkAndDiverge, 8), (Act.Exec, 2)),
        },
        new("within")
        {
            ChangesWithinScans = true,
            Weights = Usual((Act.Batches, 12), (Act.Scan, 12), (Act.Exit, 5), (Act.Exec, 2)),
        },
        new("mappings")
        {
            MostRegions = 10,
            Weights = Usual(
                (Act.Map, 10), (Act.UnmapPart, 10), (Act.Protect, 10), (Act.MoveAll, 8), (Act.MovePart, 8), (Act.MoveAndKeep, 8),
                (Act.Resize, 6), (Act.LargeNeighbours, 3), (Act.Mergeable, 6), (Act.Unmergeable, 8), (Act.OtherAdvice, 6), (Act.Populate, 4)),
        },
        new("borrowers")
        {
            Weights = Usual(
                (Act.Pin, 10), (Act.PinForReading, 4), (Act.Unpin, 12), (Act.DirectIo, 2), (Act.ForceWrite, 6), (Act.Lock, 8),
                (Act.Unlock, 4), (Act.Protect, 6)),
        },
        new("settings")
        {
            Weights = Usual(
                (Act.ZeroPages, 6), (Act.SmartScan, 6), (Act.PruneInterval, 4), (Act.Interval, 1), (Act.Limit, 6), (Act.Nodes, 6),
                (Act.Advisor, 4), (Act.RefusedKnob, 8), (Act.NoPagesToScan, 3), (Act.Stop, 4), (Act.UnmergeAll, 4), (Act.Prctl, 4),
                (Act.MergeEverything, 5), (Act.MergeNothing, 4), (Act.SwitchCpu, 2)),
        },
        new("zeroes")
        {
            ZeroChance = 2, Contents = 2, UsesZeroPages = true,
            Weights = Usual((Act.ZeroPages, 3), (Act.Read, 6), (Act.Populate, 5), (Act.ForkAndDiverge, 4), (Act.ForgottenParent, 4), (Act.OtherAdvice, 5)),
        },
        new("huge")
        {
            Weights = Usual(
                (Act.HugePages, 12), (Act.MovePart, 6), (Act.OtherAdvice, 8), (Act.DontNeed, 8), (Act.Fork, 7), (Act.Protect, 6),
                (Act.FillUnique, 1), (Act.ChainComesAndGoes, 1)),
        },
        new("long")
        {
            Length = (300, 500), ScansAtOnce = [2, 8, 16], SkipsPages = true, Weights = Usual((Act.Spawn, 2), (Act.Exit, 3)),
        },
    ];

    /// <summary>Least number of acts, and how many there may be more.</summary>
    internal (int Least, int More) Length { get; private init; } = (30, 90);

    /// <summary>Processes that live at once.</summary>
    internal int MostProcesses { get; private init; } = 7;

    /// <summary>Regions that a process has names for.</summary>
    internal int MostRegions { get; private init; } = 5;

    /// <summary>Sizes of regions, in pages.</summary>
    internal int[] Sizes { get; private init; } = [1, 2, 3, 4, 6, 8, 12];

    /// <summary>Values of max_page_sharing.</summary>
    internal string[] Limits { get; private init; } = ["2", "2", "3", "3", "4", "5", "256"];

    /// <summary>Different contents, zeroes and those that are there once aside.</summary>
    internal int Contents { get; private init; } = 6;

    /// <summary>One content in so many is zeroes.</summary>
    internal int ZeroChance { get; private init; } = 4;

    /// <summary>One content in so many is hardly ever there twice.</summary>
    internal int UniqueChance { get; private init; } = 6;

    /// <summary>Most scans in an operation; a script draws one of these.</summary>
    internal int[] ScansAtOnce { get; private init; } = [1, 1, 2, 8];

    /// <summary>Whether use_zero_pages is set from the start.</summary>
    internal bool UsesZeroPages { get; private init; }

    /// <summary>Whether smart_scan is set from the start.</summary>
    internal bool SkipsPages { get; private init; }

    /// <summary>Whether anything may happen between the batches of a scan, not only a fork.</summary>
    internal bool ChangesWithinScans { get; private init; }

    /// <summary>How often what happens, relative to each other.</summary>
    internal IReadOnlyDictionary<Act, int> Weights { get; private init; } = s_usual;

    /// <summary>Finds a profile.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null when there is none.</returns>
    internal static GeneratorProfile? Find(string name) =>
        All.FirstOrDefault(profile => string.Equals(profile.Name, name, StringComparison.Ordinal));

    private static Dictionary<Act, int> Usual(params ReadOnlySpan<(Act Act, int Weight)> but)
    {
        Dictionary<Act, int> weights = new(s_usual);
        foreach ((Act act, int weight) in but)
        {
            weights[act] = weight;
        }

        return weights;
    }
}
