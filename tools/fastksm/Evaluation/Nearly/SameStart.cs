using System;
using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>Estimates what would merge if programs that do the same had the same addresses from the start.</summary>
/// <remarks>
/// <para>
/// A page would be equal to one of another process if nothing in it is that process's own: each word of its sample
/// (<see cref="TellingWords"/>) occurs in at least one other process of the same name. Of a page whose words are in n processes,
/// (n - 1) / n is saved. A page with too few such words says nothing about itself: it counts with the share of the telling pages that would be
/// equal. Left out are pages that are counted otherwise (equal as they are, or with pointers masked), and mappings whose contents chance
/// orders, not addresses (<see cref="LeftOut"/>).
/// </para>
/// <para>It is an estimate, and it is too high where a page has a few words of its own that the sample misses.</para>
/// </remarks>
internal static class SameStart
{
    // Below this, a page's sample says next to nothing.
    private const int LeastWords = 4;

    private const ulong ThreadArenaBytes = 64 << 20;

    /// <summary>
    /// Mappings that are not expected to be alike: those that begin at the same address in several processes of a name, so that nothing in them was
    /// displaced; mappings of files, whose layout is the file's; code compiled at run time; and the arenas of threads (glibc's begin at multiples of 64 MiB), which are filled in the order
    /// in which threads happen to run.
    /// </summary>
    internal static bool[] LeftOut(EvaluationContext context)
    {
        Dictionary<(string, ulong), int> count = [];
        for (int i = 0; i < context.VmaCount; i++)
        {
            (string, ulong) key = (context.Vma(i).Process.Stat.Name, context.Vma(i).Vma.Start);
            count[key] = count.GetValueOrDefault(key) + 1;
        }

        bool[] isLeftOut = new bool[context.VmaCount];
        for (int i = 0; i < isLeftOut.Length; i++)
        {
            Vma vma = context.Vma(i).Vma;
            isLeftOut[i] = count[(context.Vma(i).Process.Stat.Name, vma.Start)] > 1
                || vma.IsOfFile
                || (vma.Name.Length == 0 && (vma.IsExecutable || vma.Start % ThreadArenaBytes == 0));
        }

        return isLeftOut;
    }

    /// <summary>Estimates.</summary>
    /// <param name="pages">Number of frames.</param>
    /// <param name="telling">The sampled words of each.</param>
    /// <param name="processOf">The process of each.</param>
    /// <param name="isCounted">Pages that are counted otherwise.</param>
    /// <returns>Pages saved.</returns>
    internal static double Estimate(
        int pages, Func<int, ReadOnlySpan<ulong>> telling, Func<int, LiveProcess> processOf, ReadOnlySpan<bool> isCounted)
    {
        Dictionary<LiveProcess, int> numbers = [];
        Dictionary<string, int> ofName = new(StringComparer.Ordinal);
        int[] process = new int[pages];
        for (int i = 0; i < pages; i++)
        {
            LiveProcess of = processOf(i);
            if (!numbers.TryGetValue(of, out process[i]))
            {
                process[i] = numbers.Count;
                numbers.Add(of, process[i]);
                ofName[of.Stat.Name] = ofName.GetValueOrDefault(of.Stat.Name) + 1;
            }
        }

        Dictionary<ulong, int> processesWithWord = CountProcesses(pages, telling, process);
        double saved = 0;
        double untold = 0;
        long told = 0;
        long equal = 0;
        for (int i = 0; i < pages; i++)
        {
            if (isCounted[i])
            {
                continue;
            }

            int fewest = ofName[processOf(i).Stat.Name];
            ReadOnlySpan<ulong> words = telling(i);
            foreach (ulong word in words)
            {
                fewest = Math.Min(fewest, processesWithWord[word]);
            }

            double share = (fewest - 1) / (double)fewest;
            if (words.Length < LeastWords)
            {
                untold += share; // Nothing, where one of its few words is its own.
                continue;
            }

            told++;
            equal += fewest > 1 ? 1 : 0;
            saved += share;
        }

        return saved + (told == 0 ? 0 : untold * equal / told);
    }

    private static Dictionary<ulong, int> CountProcesses(int pages, Func<int, ReadOnlySpan<ulong>> telling, int[] process)
    {
        HashSet<(ulong, int)> seen = [];
        Dictionary<ulong, int> count = [];
        for (int i = 0; i < pages; i++)
        {
            foreach (ulong word in telling(i))
            {
                if (seen.Add((word, process[i])))
                {
                    count[word] = count.GetValueOrDefault(word) + 1;
                }
            }
        }

        return count;
    }
}
