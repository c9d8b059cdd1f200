using System;
using System.Runtime.InteropServices;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>A sample of the words of a page that are neither pointers nor small numbers.</summary>
/// <remarks>
/// <para>
/// Random addresses do more than change pointers: a table that is ordered by address is filled in another order, and all that is
/// allocated afterwards lies elsewhere. Then no page of one process is equal to one of another even with pointers masked, although both hold the same
/// things. But each word that is no pointer occurs in both, wherever it lies. A word that depends on a random seed occurs in one.
/// </para>
/// <para>
/// Words are sampled by their own value (one in four), so that the same word is in the sample of every page that has it.
/// A row is a number of words of 64 bits: the first holds the count, the others the words' hashes.
/// </para>
/// </remarks>
internal static class TellingWords
{
    /// <summary>Words of a row.</summary>
    internal const int RowLength = 1 + Most;

    private const int Most = 32;
    private const ulong SampleMask = 3;

    /// <summary>Takes the sample of a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="regions">Where pointers of its process point.</param>
    /// <param name="row">Receives the sample.</param>
    internal static void Sample(ReadOnlySpan<byte> page, PointerRegions regions, Span<ulong> row)
    {
        int count = 0;
        ulong last = 0;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(page))
        {
            if (word == last || !regions.IsTelling(word))
            {
                continue;
            }

            last = word;
            ulong hash = Mix(word);
            if ((hash & SampleMask) == 0 && count < Most)
            {
                row[1 + count++] = hash;
            }
        }

        row[0] = (ulong)count;
    }

    /// <summary>The sampled words of a row.</summary>
    internal static ReadOnlySpan<ulong> In(ReadOnlySpan<ulong> row) => row.Slice(1, (int)row[0]);

    // The finaliser of SplitMix64.
    private static ulong Mix(ulong word)
    {
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return word ^ (word >> 31);
    }
}
