using System;
using System.Collections.Generic;
using FastKsm.Cli.Evaluation.Inspection;
using FastKsm.Simd;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>Adds up what would merge if pages differed less.</summary>
internal static class NearlyCounter
{
    /// <summary>Adds up.</summary>
    /// <param name="table">All records, sorted, those of unique pages among them.</param>
    /// <param name="inspection">What was found in the pages.</param>
    /// <param name="context">The VMAs.</param>
    internal static NearlyForecast Count(PageRecordTable table, NearlyInspection inspection, EvaluationContext context)
    {
        int[] frames = FrameSample.Of(table);
        int Ordinal(int index) => table[frames[index]].Ordinal;
        ulong[] masked = new ulong[frames.Length];
        ulong[] plain = new ulong[frames.Length];
        for (int i = 0; i < frames.Length; i++)
        {
            masked[i] = inspection.Masked(Ordinal(i));
            plain[i] = table[frames[i]].Checksum;
        }

        PartCounter counter = new();
        bool[] hasEqual = new bool[frames.Length];
        bool[] hasNearly = new bool[frames.Length];
        byte[] partsElsewhere = new byte[frames.Length];
        byte[] partsWithContent = new byte[frames.Length];
        long contents = counter.Count(frames.Length, 1, i => plain.AsSpan(i, 1), (i, _) => hasEqual[i] = true);
        long maskedContents = counter.Count(frames.Length, 1, i => masked.AsSpan(i, 1), (i, _) => hasNearly[i] = true);
        long large = counter.Count(frames.Length, inspection.LargeParts, i => inspection.Large(Ordinal(i)));

        // Parts of zeroes are everywhere, and say nothing about a page.
        ulong zeroes = PageChecksum.Hash64(new byte[NearlyInspection.SmallPart]);
        for (int i = 0; i < frames.Length; i++)
        {
            ReadOnlySpan<ulong> parts = inspection.Small(Ordinal(i));
            partsWithContent[i] = (byte)Math.Min(parts.Length - parts.Count(zeroes), byte.MaxValue);
        }

        long small = counter.Count(
            frames.Length,
            inspection.SmallParts,
            i => inspection.Small(Ordinal(i)),
            (i, part) => partsElsewhere[i] += (byte)(inspection.Small(Ordinal(i))[part] != zeroes ? 1 : 0));

        bool[] isCounted = new bool[frames.Length];
        bool[] isLeftOut = SameStart.LeftOut(context);
        for (int i = 0; i < frames.Length; i++)
        {
            isCounted[i] = hasEqual[i] || hasNearly[i] || isLeftOut[table[frames[i]].Vma];
        }

        double estimated = SameStart.Estimate(
            frames.Length,
            i => TellingWords.In(inspection.Telling(Ordinal(i))),
            i => context.Vma(table[frames[i]].Vma).Process,
            isCounted);
        long size = Environment.SystemPageSize;
        long byPointers = 0;
        long inParts = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            if (hasEqual[i])
            {
                continue;
            }

            byPointers += hasNearly[i] ? size : 0;
            inParts += !hasNearly[i] && partsWithContent[i] > 0 && partsElsewhere[i] * 2 >= partsWithContent[i] ? size : 0;
        }

        long read = frames.Length * size;
        long asTheyAre = (frames.Length - contents) * size;
        long saved = (frames.Length - maskedContents) * size;
        return new NearlyForecast(
            read,
            asTheyAre,
            saved,
            saved + (long)(estimated * size),
            read - (large * NearlyInspection.LargePart),
            read - (small * NearlyInspection.SmallPart),
            byPointers,
            inParts,
            NearlyCauses.Find(read, saved - asTheyAre, Vmas(context)));
    }

    private static IEnumerable<VmaInProcess> Vmas(EvaluationContext context)
    {
        for (int i = 0; i < context.VmaCount; i++)
        {
            yield return context.Vma(i);
        }
    }
}
