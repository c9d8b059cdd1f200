using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Settling;

/// <summary>Full scans of pages that stand still, one after the other, with every page processed: what each leaves behind.</summary>
/// <remarks>
/// <para>
/// The steady state needs no scans (<see cref="SteadyState"/>); the way there does where a huge page has pages of zeroes. Its
/// folio is taken apart at the first attempt to merge one of its pages, and its zeroes go. If one of them waits in the unstable
/// tree, its item stays there until the next scan, and each search that passes over it is given up. So a scan takes
/// one such huge page apart, and nothing but that.
/// </para>
/// <para>Rules and order are those of Linux 6.12 to 6.18, seen there scan by scan. Thread safety: one thread at a time.</para>
/// </remarks>
internal sealed class SettlingScan
{
    private const int None = SettlingPages.None;

    private readonly SettlingPages _pages;
    private readonly bool _useZeroPages;
    private readonly int _maxPageSharing;
    private readonly UnstableTree _tree = new();
    private readonly int[] _node;
    private readonly int[] _frame;
    private readonly bool[] _isGone;
    private readonly bool[] _isTakenApart;
    private readonly List<int> _frameReferences;
    private readonly List<int> _nodeOfFrame;
    private readonly List<int> _frameOfNode;
    private readonly List<int> _lengthOfNode;
    private readonly List<int> _nextWithRoom = [];
    private readonly int[] _firstWithRoom;
    private readonly int[] _waiting;
    private readonly int[] _placeInTree;
    private readonly int[] _nodesOfContent;
    private readonly List<int> _contentsThatWait = [];
    private MergeForecast _now;
    private bool _isZeroLost;
    private int _zeroPlace;
    private long _moves;

    internal SettlingScan(SettlingPages pages, EvaluationOptions options)
    {
        _pages = pages;
        _useZeroPages = options.UseZeroPages;
        _maxPageSharing = options.MaxPageSharing;
        _node = [.. pages.Node];
        _frame = [.. pages.Frame];
        _isGone = new bool[pages.Count];
        _isTakenApart = new bool[pages.ZeroPagesOfFolio.Length];
        _frameReferences = [.. pages.FrameReferences];
        _nodeOfFrame = [.. pages.NodeOfFrame];
        _frameOfNode = [.. pages.FrameOfNode];
        _lengthOfNode = [.. pages.LengthOfNode];
        int contents = pages.KeyOfContent.Count;
        _firstWithRoom = Filled(contents);
        _waiting = Filled(contents);
        _placeInTree = new int[contents];
        _nodesOfContent = new int[contents];
        _now = new MergeForecast { FramesBefore = pages.FrameCount, FramesAfter = pages.FrameCount };
        for (int node = 0; node < _frameOfNode.Count; node++)
        {
            LinkWithRoom(node, pages.ContentOfNode[node]);
            _now.PagesShared++;
            _now.PagesSharing += _lengthOfNode[node] - 1;
        }
    }

    /// <summary>Full scans done.</summary>
    internal int Scans { get; private set; }

    /// <summary>Counters at the end of the last scan.</summary>
    internal MergeForecast Now => _now;

    /// <summary>Whether the last scan left everything as it was.</summary>
    internal bool IsAtRest { get; private set; }

    /// <summary>Whether a folio is still in one piece although it has zeroes that would go with it.</summary>
    internal bool IsInOnePiece(int folio) => !_isTakenApart[folio];

    /// <summary>Does one full scan.</summary>
    internal void Scan()
    {
        MergeForecast before = _now;
        _moves = 0;
        Begin();
        bool isFirst = Scans == 0;
        for (int page = 0; page < _pages.Count; page++)
        {
            if (_pages.Content[page] == SettlingPages.Absent || _isGone[page])
            {
                continue;
            }

            _now.RmapItems++;
            if (!isFirst && _node[page] == None)
            {
                Process(page);
            }
        }

        _now.PagesVolatile = _now.RmapItems - _now.PagesShared - _now.PagesSharing - _now.PagesUnshared;
        Scans++;
        IsAtRest = !isFirst && _moves == 0 && before == _now;
    }

    // The trees are forgotten, and with them what waited in them.
    private void Begin()
    {
        _now.RmapItems = 0;
        _now.PagesUnshared = 0;
        _tree.Clear();
        foreach (int content in _contentsThatWait)
        {
            _waiting[content] = None;
        }

        _contentsThatWait.Clear();
        _isZeroLost = false;
        _zeroPlace = UnstableTree.None;
    }

    private void Process(int page)
    {
        int content = _pages.Content[page];
        if (content == SettlingPages.Changing)
        {
            return;
        }

        if (content == SettlingPages.Unique)
        {
            ulong key = _pages.Keys[page];
            if (!IsGivenUp(key))
            {
                _ = _tree.Insert(key);
                _now.PagesUnshared++;
            }

            return;
        }

        if (_nodeOfFrame[_frame[page]] is >= 0 and var own)
        {
            Join(page, own); // Another address of a frame that has become a KSM page.
            return;
        }

        bool isZero = _pages.IsZeroContent[content];
        if (isZero && _useZeroPages)
        {
            TakeApart(page);
            if (!_isGone[page])
            {
                PlaceZeroFrame(page);
                return;
            }
        }

        if (FindRoom(content) is >= 0 and var node)
        {
            TakeApart(page);
            if (!_isGone[page])
            {
                Join(page, node);
            }
        }
        else
        {
            SearchUnstable(page, content, isZero);
        }
    }

    private void SearchUnstable(int page, int content, bool isZero)
    {
        if (IsGivenUp(_pages.KeyOfContent[content]))
        {
            return;
        }

        int waiting = _waiting[content];
        if (waiting == None)
        {
            Wait(page, content, isZero);
            return;
        }

        if (_frame[waiting] == _frame[page])
        {
            return;
        }

        if (_pages.Folio[page] is >= 0 and var folio && folio == _pages.Folio[waiting] && !_isTakenApart[folio])
        {
            // The search holds both pages, so that neither can be merged; but for that, Linux takes their folio apart.
            TakeApart(page);
            return;
        }

        TakeApart(page);
        if (_isGone[page])
        {
            return;
        }

        TakeApart(waiting);
        if (_isGone[waiting])
        {
            MoveToNewFrame(page); // It had become a KSM page, and is copied back.
            return;
        }

        int node = _frameOfNode.Count;
        _frameOfNode.Add(_frame[page]);
        _lengthOfNode.Add(0);
        _nodeOfFrame[_frame[page]] = node;
        _now.PagesShared++;
        _now.PagesSharing--;
        LinkWithRoom(node, content);
        Join(waiting, node);
        Join(page, node);
        _tree.Remove(_placeInTree[content]);
        _waiting[content] = None;
        _now.PagesUnshared--;
        if (isZero)
        {
            _zeroPlace = UnstableTree.None;
        }
    }

    private void Wait(int page, int content, bool isZero)
    {
        _waiting[content] = page;
        _contentsThatWait.Add(content);
        _placeInTree[content] = _tree.Insert(_pages.KeyOfContent[content]);
        _now.PagesUnshared++;
        if (isZero)
        {
            _zeroPlace = _placeInTree[content];
            _isZeroLost = _isGone[page]; // Its huge page was taken apart for the zero frame a moment ago.
        }
    }

    private bool IsGivenUp(ulong key) => _isZeroLost && _tree.PassesLeftmost(_zeroPlace, key);

    private void TakeApart(int page)
    {
        int folio = _pages.Folio[page];
        if (folio == None || _isTakenApart[folio])
        {
            return;
        }

        _isTakenApart[folio] = true;
        _moves++;
        foreach (int zero in _pages.ZeroPagesOfFolio[folio])
        {
            _isGone[zero] = true;
            _now.DroppedBySplit++;
            Leave(_frame[zero]);
            _isZeroLost |= _waiting[_pages.Content[zero]] == zero;
        }
    }

    private void PlaceZeroFrame(int page)
    {
        _isGone[page] = true;
        _now.KsmZeroPages++;
        _moves++;
        Leave(_frame[page]);
    }

    private void MoveToNewFrame(int page)
    {
        Leave(_frame[page]);
        _frame[page] = _frameReferences.Count;
        _frameReferences.Add(1);
        _nodeOfFrame.Add(None);
        _now.FramesAfter++;
        _moves++;
    }

    private void Join(int page, int node)
    {
        if (_frame[page] != _frameOfNode[node])
        {
            Leave(_frame[page]);
            _frame[page] = _frameOfNode[node];
            _frameReferences[_frame[page]]++;
        }

        _node[page] = node;
        _lengthOfNode[node]++;
        _now.PagesSharing++;
        _moves++;
    }

    private void Leave(int frame)
    {
        if (--_frameReferences[frame] == 0)
        {
            _now.FramesAfter--;
        }
    }

    private void LinkWithRoom(int node, int content)
    {
        _nextWithRoom.Add(_firstWithRoom[content]);
        _firstWithRoom[content] = node;
        int nodes = ++_nodesOfContent[content];
        _now.StableNodeChains += nodes == 2 ? 1 : 0;
        _now.StableNodeDups += nodes > 2 ? 1 : nodes == 2 ? 2 : 0;
    }

    // The newest first, as in a chain's list; full ones are forgotten when they surface.
    private int FindRoom(int content)
    {
        while (_firstWithRoom[content] is >= 0 and var node && _lengthOfNode[node] >= _maxPageSharing)
        {
            _firstWithRoom[content] = _nextWithRoom[node];
        }

        return _firstWithRoom[content];
    }

    private static int[] Filled(int length)
    {
        int[] array = new int[length];
        Array.Fill(array, None);
        return array;
    }
}
