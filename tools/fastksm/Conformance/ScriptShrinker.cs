using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>Makes a script that fails as short as it can, performing every candidate: delta debugging, greedily.</summary>
internal static class ScriptShrinker
{
    /// <summary>Shrinks.</summary>
    /// <param name="operations">Operations of a script that fails.</param>
    /// <param name="fails">Whether other ones still do. Operations that name what is not there must not count.</param>
    /// <returns>Operations that fail, of which none can be left out.</returns>
    internal static IReadOnlyList<Operation> Shrink(
        IReadOnlyList<Operation> operations, Func<IReadOnlyList<Operation>, bool> fails)
    {
        List<Operation> smallest = [.. operations.SelectMany(Unroll)];
        if (!fails(smallest))
        {
            smallest = [.. operations];
        }

        for (int before = int.MaxValue; smallest.Count < before;)
        {
            before = smallest.Count;
            smallest = LeaveOut(smallest, fails);
            Simplify(smallest, fails);
        }

        return smallest;
    }

    private static IEnumerable<Operation> Unroll(Operation operation) => operation switch
    {
        Operation.Scan o => Enumerable.Repeat(o with { Count = 1 }, o.Count),
        Operation.Batch o => Enumerable.Repeat(o with { Count = 1 }, o.Count),
        Operation.Knobs o => o.Settings.Select(setting => o with { Settings = [setting] }),
        _ => [operation],
    };

    // Ever smaller runs, from the end: what comes before the failure matters more than what comes after.
    private static List<Operation> LeaveOut(List<Operation> operations, Func<IReadOnlyList<Operation>, bool> fails)
    {
        for (int length = Math.Max(1, operations.Count / 2); length > 0; length /= 2)
        {
            for (int start = operations.Count - length; start >= 0;)
            {
                List<Operation> shorter = [.. operations[..start], .. operations[(start + length)..]];
                if (fails(shorter))
                {
                    operations = shorter;
                    start = Math.Min(start, operations.Count - length);
                }
                else
                {
                    start -= length;
                }
            }
        }

        return operations;
    }

    private static void Simplify(List<Operation> operations, Func<IReadOnlyList<Operation>, bool> fails)
    {
        for (int i = 0; i < operations.Count; i++)
        {
            for (bool changed = true; changed;)
            {
                changed = false;
                foreach (Operation simpler in Simpler(operations[i]))
                {
                    Operation original = operations[i];
                    operations[i] = simpler;
                    changed = fails(operations);
                    if (changed)
                    {
                        break;
                    }

                    operations[i] = original;
                }
            }
        }
    }

    private static IEnumerable<Operation> Simpler(Operation operation) => operation switch
    {
        Operation.Map { Settings.At: not null } o => [o with { Settings = o.Settings with { At = null } }],
        Operation.Map { Pages: > 1 } o => [o with { Pages = o.Pages / 2 }, o with { Pages = o.Pages - 1 }],
        Operation.Fill o => Fewer(o.Pages).Select(pages => o with { Pages = pages }),
        Operation.Advise o => Fewer(o.Pages).Select(pages => o with { Pages = pages }),
        Operation.Unmap o => Fewer(o.Pages).Select(pages => o with { Pages = pages }),
        Operation.Protect o => Fewer(o.Pages).Select(pages => o with { Pages = pages }),
        Operation.Lock o => Fewer(o.Pages).Select(pages => o with { Pages = pages }),
        Operation.Read o => Fewer(o.Pages).Select(pages => o with { Pages = pages }),
        _ => [],
    };

    private static IEnumerable<PageRange> Fewer(PageRange range)
    {
        if (range.Pages is { } pages && pages.Last > pages.First)
        {
            yield return range with { Pages = new PageSelection(pages.First, pages.Last - 1) };
            yield return range with { Pages = new PageSelection(pages.First + 1, pages.Last) };
        }
    }
}
