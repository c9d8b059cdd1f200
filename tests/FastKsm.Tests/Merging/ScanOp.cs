using System;

namespace FastKsm.Tests.Merging;

/// <summary>One operation of a random script about merging; what its numbers mean depends on the kind and the state it meets.</summary>
internal readonly record struct ScanOp(ScanOpKind Kind, int Process, int Page, int Pages, int Choice)
{
    private static readonly (ScanOpKind Kind, int Weight)[] s_weights =
    [
        (ScanOpKind.Scan, 20), (ScanOpKind.ScanOften, 1), (ScanOpKind.ScanInBatches, 4), (ScanOpKind.Advance, 3), (ScanOpKind.Write, 16), (ScanOpKind.Fill, 12), (ScanOpKind.FillUnique, 3), (ScanOpKind.Read, 2),
        (ScanOpKind.Spawn, 3), (ScanOpKind.Fork, 4), (ScanOpKind.Exit, 3), (ScanOpKind.Unmap, 3), (ScanOpKind.Map, 5),
        (ScanOpKind.Mergeable, 3), (ScanOpKind.Unmergeable, 3), (ScanOpKind.DontNeed, 7), (ScanOpKind.Protect, 2),
        (ScanOpKind.Lock, 1), (ScanOpKind.Remap, 2), (ScanOpKind.ZeroPages, 2), (ScanOpKind.SmartScan, 1),
        (ScanOpKind.PruneInterval, 2), (ScanOpKind.UnmergeAll, 1), (ScanOpKind.Pin, 2), (ScanOpKind.Unpin, 2),
        (ScanOpKind.MergeAny, 1), (ScanOpKind.Exec, 1),
    ];

    private static readonly (ScanOpKind Kind, int Weight)[] s_weightsWithMoves =
        [.. s_weights, (ScanOpKind.Migrate, 4), (ScanOpKind.PageOut, 3)];

    /// <summary>A random operation.</summary>
    internal static ScanOp Next(Random random) => Next(random, s_weights);

    /// <summary>The same, with migration and page-out among them.</summary>
    internal static ScanOp NextWithMoves(Random random) => Next(random, s_weightsWithMoves);

    private static ScanOp Next(Random random, (ScanOpKind Kind, int Weight)[] weights)
    {
        int total = 0;
        foreach ((_, int weight) in weights)
        {
            total += weight;
        }

        int left = random.Next(total);
        int at = 0;
        while (left >= weights[at].Weight)
        {
            left -= weights[at++].Weight;
        }

        return new ScanOp(
            weights[at].Kind, random.Next(64), random.Next(ScriptedMachine.Pages), 1 + random.Next(random.Next(2) == 0 ? 3 : 12),
            random.Next(1 << 20));
    }
}
