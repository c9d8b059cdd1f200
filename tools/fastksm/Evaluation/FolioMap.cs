using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation;

/// <summary>
/// The large folios (huge pages, and smaller ones of 16 KiB to 1 MiB) whose parts matter to each other: those with pages of
/// zeroes, which go when the folio is taken apart, and those with several pages of one content.
/// </summary>
/// <remarks>Folios are numbered by their frames, ascending. Thread safety: read only.</remarks>
internal sealed class FolioMap
{
    /// <summary>No folio.</summary>
    internal const int None = -1;

    // Pages of one content whose frames agree but for so many bits may be in one folio.
    private const int LargestFolioShift = 13;

    private readonly ulong[] _first;
    private readonly ulong[] _count;
    private readonly bool _zeroesGo;

    private FolioMap(SortedDictionary<ulong, ulong> folios, bool zeroesGo)
    {
        _first = [.. folios.Keys];
        _count = [.. folios.Values];
        _zeroesGo = zeroesGo;
    }

    /// <summary>Number of folios.</summary>
    internal int Count => _first.Length;

    /// <summary>Number of folios with zeroes that go with them, as far as <see cref="Find"/> has seen.</summary>
    internal int CountWithZeroes { get; private set; }

    /// <summary>Finds the folios that have pages of zeroes, or several pages of one content.</summary>
    /// <param name="table">All records, sorted.</param>
    /// <param name="context">The host.</param>
    internal static FolioMap Find(PageRecordTable table, EvaluationContext context)
    {
        SortedDictionary<ulong, ulong> folios = [];
        HashSet<ulong> withZeroes = [];
        (ulong First, ulong Count) last = default;
        bool tellsFolios = context.TellsFolios;
        bool zeroesGo = false;
        for (int i = 0; i < table.Count; i++)
        {
            ref PageRecord page = ref table[i];
            bool isZero = page.IsHuge && !page.IsKsm && context.IsZeroContent(page.Checksum);
            if (!isZero && !(tellsFolios && IsBesideAnEqualPage(table, i)))
            {
                continue;
            }

            if (page.Frame - last.First >= last.Count)
            {
                last = context.FolioOf(page.Frame);
            }

            if (last.Count > 1)
            {
                folios[last.First] = last.Count;
                if (isZero && !page.IsKept && context.Splits.DropZeroes)
                {
                    zeroesGo = true;
                    _ = withZeroes.Add(last.First);
                }
            }
        }

        return new FolioMap(folios, zeroesGo) { CountWithZeroes = withZeroes.Count };
    }

    /// <summary>The folio of a frame; <see cref="None"/> for one that is in none of these.</summary>
    internal int Of(ulong frame)
    {
        if (_first.Length == 0)
        {
            return None;
        }

        int at = Array.BinarySearch(_first, frame);
        at = at < 0 ? ~at - 1 : at;
        return at >= 0 && frame - _first[at] < _count[at] ? at : None;
    }

    /// <summary>The folio with which a page of zeroes goes; <see cref="None"/> for a page that stays.</summary>
    internal int OfZeroPage(in PageRecord page) =>
        _zeroesGo && page is { IsHuge: true, IsKept: false, IsKsm: false } ? Of(page.Frame) : None;

    private static bool IsBesideAnEqualPage(PageRecordTable table, int index)
    {
        ref PageRecord page = ref table[index];
        return !page.IsKsm
            && ((index > 0 && AreEqualAndClose(in page, in table[index - 1]))
                || (index + 1 < table.Count && AreEqualAndClose(in page, in table[index + 1])));
    }

    private static bool AreEqualAndClose(in PageRecord one, in PageRecord other) =>
        one.Checksum == other.Checksum && one.Frame != other.Frame && (one.Frame ^ other.Frame) >> LargestFolioShift == 0;
}
