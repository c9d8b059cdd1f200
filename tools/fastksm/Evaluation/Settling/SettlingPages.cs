using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Settling;

/// <summary>The pages of an evaluation in ksmd's order of visits, as scans need them: contents and frames by number.</summary>
/// <remarks>Structs of arrays, an element a page; what no scan touches is not kept. Thread safety: read only once made.</remarks>
internal sealed class SettlingPages
{
    /// <summary>Content of a place in the order at which no page was read.</summary>
    internal const int Absent = -1;

    /// <summary>Content of a page that has no equal one.</summary>
    internal const int Unique = -2;

    /// <summary>Content of a page that is another one at every visit.</summary>
    internal const int Changing = -3;

    /// <summary>No node, no folio.</summary>
    internal const int None = -1;

    private readonly List<int> _frameReferences = [];
    private readonly List<int> _nodeOfFrame = [];
    private readonly List<int> _frameOfNode = [];
    private readonly List<int> _contentOfNode = [];
    private readonly List<int> _lengthOfNode = [];
    private readonly List<ulong> _keyOfContent = [];
    private readonly List<bool> _isZeroContent = [];

    private SettlingPages(int count, OrderKeyTable keys, FolioMap folios)
    {
        Keys = keys;
        Content = new int[count];
        Frame = new int[count];
        Folio = new int[count];
        Node = new int[count];
        Array.Fill(Content, Absent);
        Array.Fill(Folio, None);
        Array.Fill(Node, None);
        ZeroPagesOfFolio = new List<int>[folios.Count];
        for (int i = 0; i < folios.Count; i++)
        {
            ZeroPagesOfFolio[i] = [];
        }
    }

    /// <summary>Number of places in the order of visits.</summary>
    internal int Count => Content.Length;

    /// <summary>Keys of pages without an equal one.</summary>
    internal OrderKeyTable Keys { get; }

    /// <summary>Content by number, or one of the constants.</summary>
    internal int[] Content { get; }

    /// <summary>Frame by number, of pages that have an equal one or are zero.</summary>
    internal int[] Frame { get; }

    /// <summary>Folio whose zeroes go with it, or <see cref="None"/>.</summary>
    internal int[] Folio { get; }

    /// <summary>The KSM page that the page maps before the first scan, or <see cref="None"/>.</summary>
    internal int[] Node { get; }

    /// <summary>The pages of zeroes that go with each folio.</summary>
    internal List<int>[] ZeroPagesOfFolio { get; }

    /// <summary>Addresses of each frame.</summary>
    internal IReadOnlyList<int> FrameReferences => _frameReferences;

    /// <summary>KSM page on each frame, or <see cref="None"/>.</summary>
    internal IReadOnlyList<int> NodeOfFrame => _nodeOfFrame;

    /// <summary>Frame of each KSM page.</summary>
    internal IReadOnlyList<int> FrameOfNode => _frameOfNode;

    /// <summary>Content of each KSM page.</summary>
    internal IReadOnlyList<int> ContentOfNode => _contentOfNode;

    /// <summary>Addresses of each KSM page.</summary>
    internal IReadOnlyList<int> LengthOfNode => _lengthOfNode;

    /// <summary>Order key of each content.</summary>
    internal IReadOnlyList<ulong> KeyOfContent => _keyOfContent;

    /// <summary>Which contents are zeroes.</summary>
    internal IReadOnlyList<bool> IsZeroContent => _isZeroContent;

    /// <summary>Frames behind all pages.</summary>
    internal long FrameCount { get; private set; }

    /// <summary>Takes the pages from sorted records.</summary>
    internal static SettlingPages Of(PageRecordTable table, EvaluationContext context, FolioMap folios)
    {
        int count = 0;
        for (int i = 0; i < table.Count; i++)
        {
            count = Math.Max(count, table[i].Ordinal + 1);
        }

        SettlingPages pages = new(count, context.OrderKeys, folios);
        Dictionary<ulong, int> frames = [];
        for (int start = 0, end; start < table.Count; start = end)
        {
            ulong checksum = table[start].Checksum;
            end = start + 1;
            while (end < table.Count && table[end].Checksum == checksum)
            {
                end++;
            }

            pages.Take(table.Slice(start, end - start), context.IsZeroContent(checksum), folios, frames);
        }

        return pages;
    }

    private void Take(ReadOnlySpan<PageRecord> equal, bool isZero, FolioMap folios, Dictionary<ulong, int> frames)
    {
        frames.Clear();
        bool isUnique = equal.Length == 1 && !isZero && !equal[0].IsKsm;
        if (!isUnique)
        {
            _keyOfContent.Add(Keys[equal[0].Ordinal]);
            _isZeroContent.Add(isZero);
        }

        foreach (ref readonly PageRecord page in equal)
        {
            int at = page.Ordinal;
            Folio[at] = folios.Of(page.Frame);
            Content[at] = page.HasChanged ? Changing : isUnique ? Unique : _keyOfContent.Count - 1;
            if (Content[at] < 0)
            {
                FrameCount++;
                continue;
            }

            Frame[at] = NumberOf(in page, frames);
            _frameReferences[Frame[at]]++;
            if (_nodeOfFrame[Frame[at]] is >= 0 and var node)
            {
                Node[at] = node;
                _lengthOfNode[node]++;
            }

            if (isZero && folios.OfZeroPage(in page) is >= 0 and var folio)
            {
                ZeroPagesOfFolio[folio].Add(at);
            }
        }
    }

    private int NumberOf(in PageRecord page, Dictionary<ulong, int> frames)
    {
        if (frames.TryGetValue(page.Frame, out int frame))
        {
            return frame;
        }

        frame = _frameReferences.Count;
        frames.Add(page.Frame, frame);
        _frameReferences.Add(0);
        _nodeOfFrame.Add(page.IsKsm ? _frameOfNode.Count : None);
        FrameCount++;
        if (page.IsKsm)
        {
            _frameOfNode.Add(frame);
            _contentOfNode.Add(_keyOfContent.Count - 1);
            _lengthOfNode.Add(0);
        }

        return frame;
    }
}
