using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation;

/// <summary>The large folios (huge pages, and the smaller ones of 16 KiB to 1 MiB) whose pages of zeroes go when they are taken apart.</summary>
/// <remarks>Folios are numbered by their frames, ascending. Thread safety: read only.</remarks>
internal sealed class FolioMap
{
    /// <summary>No folio.</summary>
    internal const int None = -1;

    private readonly ulong[] _first;
    private readonly ulong[] _count;

    private FolioMap(ulong[] first, ulong[] count)
    {
        _first = first;
        _count = count;
    }

    /// <summary>Number of folios.</summary>
    internal int Count => _first.Length;

    /// <summary>Finds the folios of the pages of zeroes.</summary>
    /// <param name="table">All records, sorted.</param>
    /// <param name="context">The host.</param>
    internal static FolioMap Find(PageRecordTable table, EvaluationContext context)
    {
        SortedDictionary<ulong, ulong> folios = [];
        (ulong First, ulong Count) last = default;
        for (int i = 0; i < table.Count; i++)
        {
            ref PageRecord page = ref table[i];
            if (!MayGo(in page) || !context.IsZeroContent(page.Checksum) || !context.Splits.DropZeroes)
            {
                continue;
            }

            if (page.Frame - last.First >= last.Count)
            {
                last = context.FolioOf(page.Frame);
                if (last.Count > 1)
                {
                    folios[last.First] = last.Count;
                }
            }
        }

        return new FolioMap([.. folios.Keys], [.. folios.Values]);
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
    internal int OfZeroPage(in PageRecord page) => MayGo(in page) ? Of(page.Frame) : None;

    private static bool MayGo(in PageRecord page) => page is { IsHuge: true, IsKept: false, IsKsm: false };
}
