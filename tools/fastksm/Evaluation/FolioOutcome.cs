using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation;

/// <summary>Which folios a forecast takes apart, and which pages of zeroes go with them.</summary>
/// <remarks>
/// A folio is taken apart at the first attempt to merge any of its pages. Where no page of zeroes stays anyway, one may be left:
/// the first to be visited that is alone in its folio. It waits in the unstable tree, where the others meet it, and what is taken
/// apart then is their folios. (A folio with two of them is taken apart when the second meets the first.) Seen on Linux 6.18 in
/// this very form. Thread safety: one thread at a time.
/// </remarks>
internal sealed class FolioOutcome
{
    // No frame: of a folio with several pages of zeroes, or one that is taken apart for another content.
    private const ulong Several = ulong.MaxValue;

    private readonly FolioMap _folios;
    private readonly bool[] _isTakenApart;
    private readonly Dictionary<int, ulong> _zeroOfFolio = [];
    private ulong? _survivor;

    internal FolioOutcome(FolioMap folios)
    {
        _folios = folios;
        _isTakenApart = new bool[folios.Count];
    }

    /// <summary>Starts a forecast: all folios are in one piece.</summary>
    internal void Begin() => Array.Clear(_isTakenApart);

    /// <summary>Notes that pages merge, which takes their folios apart.</summary>
    /// <param name="pages">Pages of one content.</param>
    /// <param name="content">Which of them merge; null for all.</param>
    internal void Merge(ReadOnlySpan<PageRecord> pages, ContentClass? content)
    {
        if (_folios.Count == 0)
        {
            return;
        }

        for (int i = 0; i < pages.Length; i++)
        {
            if ((content is null || content.IsMerged(i)) && _folios.Of(pages[i].Frame) is >= 0 and var folio)
            {
                _isTakenApart[folio] = true;
            }
        }
    }

    /// <summary>Takes all pages of zeroes, after every other content.</summary>
    /// <param name="pages">Those pages, in the order of visits.</param>
    /// <param name="useZeroPages">Whether the zero frame is mapped for them: then each of them is an attempt to merge.</param>
    internal void BeginZeroes(ReadOnlySpan<PageRecord> pages, bool useZeroPages) =>
        _survivor = _folios.CountWithZeroes > 0 && !useZeroPages ? FrameThatSurvives(pages) : null;

    /// <summary>Whether a page of zeroes goes with its folio.</summary>
    internal bool Goes(in PageRecord zero) => zero.Frame != _survivor && _folios.OfZeroPage(in zero) != FolioMap.None;

    private ulong? FrameThatSurvives(ReadOnlySpan<PageRecord> pages)
    {
        _zeroOfFolio.Clear();
        foreach (ref readonly PageRecord page in pages)
        {
            int folio = _folios.OfZeroPage(in page);
            if (folio == FolioMap.None)
            {
                return null;
            }

            bool isAlone = _zeroOfFolio.TryGetValue(folio, out ulong frame) ? frame == page.Frame : !_isTakenApart[folio];
            _zeroOfFolio[folio] = isAlone ? page.Frame : Several;
        }

        foreach (ref readonly PageRecord page in pages)
        {
            if (_zeroOfFolio[_folios.OfZeroPage(in page)] == page.Frame)
            {
                return page.Frame;
            }
        }

        return null;
    }
}
