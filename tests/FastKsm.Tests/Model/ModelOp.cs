using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Tests.Model;

/// <summary>One operation of a random script; what the numbers mean depends on the kind.</summary>
internal readonly record struct ModelOp(ModelOpKind Kind, int Process, int Page, int Pages, int Choice, int Other)
{
    // Writes and reads make the rest visible; what takes pages away must be rarer than what brings them.
    private static readonly (ModelOpKind Kind, int Weight)[] s_weights =
    [
        (ModelOpKind.Write, 90), (ModelOpKind.Read, 18), (ModelOpKind.WriteAcross, 9), (ModelOpKind.ForceWrite, 6),
        (ModelOpKind.Map, 24), (ModelOpKind.MapAnywhere, 3), (ModelOpKind.Unmap, 6), (ModelOpKind.Protect, 12),
        (ModelOpKind.Advise, 24), (ModelOpKind.DontNeed, 6), (ModelOpKind.Lock, 6), (ModelOpKind.Unlock, 8),
        (ModelOpKind.RemapInPlace, 6), (ModelOpKind.RemapFixed, 9), (ModelOpKind.Fork, 8), (ModelOpKind.Exit, 7),
        (ModelOpKind.Exec, 1), (ModelOpKind.Pin, 10), (ModelOpKind.Unpin, 9), (ModelOpKind.MergeAny, 3),
        (ModelOpKind.SwitchCpu, 2), (ModelOpKind.Mergeable, 14), (ModelOpKind.Unmergeable, 4), (ModelOpKind.Scan, 20),
        (ModelOpKind.Batch, 12), (ModelOpKind.Run, 3), (ModelOpKind.Knob, 5), (ModelOpKind.Advance, 3),
        (ModelOpKind.Settle, 3), (ModelOpKind.StartAfresh, 2), (ModelOpKind.MapHuge, 4), (ModelOpKind.Migrate, 10),
        (ModelOpKind.Nodes, 4), (ModelOpKind.Offline, 3), (ModelOpKind.PageOut, 12),
        (ModelOpKind.Offer, 6),
    ];

    private static readonly int s_totalWeight = s_weights.Sum(entry => entry.Weight);

    internal static ModelOp Random(Random random)
    {
        int roll = random.Next(s_totalWeight);
        ModelOpKind kind = s_weights.First(entry => (roll -= entry.Weight) < 0).Kind;
        bool wide = kind == ModelOpKind.Mergeable || random.Next(6) == 0;
        int pages = wide ? random.Next(1, 60) : random.Next(1, 7);
        return new ModelOp(kind, random.Next(4), random.Next(DictionaryMachine.Pages), pages, random.Next(1000),
            random.Next(DictionaryMachine.Pages));
    }

    /// <summary>Operations of the same kind that are easier to read.</summary>
    internal IEnumerable<ModelOp> Simpler()
    {
        yield return this with { Process = 0, Page = 0, Pages = 1, Choice = 0, Other = 0 };
        yield return this with { Process = 0 };
        yield return this with { Pages = 1 };
        yield return this with { Choice = 0 };
        yield return this with { Other = 0 };
        yield return this with { Page = 0 };
    }
}
