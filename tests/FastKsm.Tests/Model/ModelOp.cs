using System;
using System.Linq;

namespace FastKsm.Tests.Model;

/// <summary>One operation of a random script; what the numbers mean depends on the kind.</summary>
internal readonly record struct ModelOp(ModelOpKind Kind, int Process, int Page, int Pages, int Choice, int Other)
{
    // Writes and reads make the rest visible; what takes pages away must be rarer than what brings them.
    private static readonly (ModelOpKind Kind, int Weight)[] s_weights =
    [
        (ModelOpKind.Write, 34), (ModelOpKind.Read, 6), (ModelOpKind.WriteAcross, 5), (ModelOpKind.ForceWrite, 2),
        (ModelOpKind.Map, 12), (ModelOpKind.MapAnywhere, 1), (ModelOpKind.Unmap, 1), (ModelOpKind.Protect, 5),
        (ModelOpKind.Advise, 9), (ModelOpKind.DontNeed, 1), (ModelOpKind.Lock, 3), (ModelOpKind.Unlock, 2),
        (ModelOpKind.RemapInPlace, 3), (ModelOpKind.RemapFixed, 5), (ModelOpKind.Fork, 5), (ModelOpKind.Exit, 3),
        (ModelOpKind.Exec, 1), (ModelOpKind.Pin, 4), (ModelOpKind.Unpin, 3), (ModelOpKind.MergeAny, 1),
        (ModelOpKind.SwitchCpu, 1),
    ];

    private static readonly int s_totalWeight = s_weights.Sum(entry => entry.Weight);

    internal static ModelOp Random(Random random)
    {
        int roll = random.Next(s_totalWeight);
        ModelOpKind kind = s_weights.First(entry => (roll -= entry.Weight) < 0).Kind;
        int pages = random.Next(10) == 0 ? random.Next(1, 40) : random.Next(1, 7);
        return new ModelOp(kind, random.Next(4), random.Next(DictionaryMachine.Pages), pages, random.Next(1000),
            random.Next(DictionaryMachine.Pages));
    }
}
