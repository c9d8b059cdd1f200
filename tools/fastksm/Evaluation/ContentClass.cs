using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation;

/// <summary>Forecasts what ksmd makes of all the pages of one content.</summary>
/// <remarks>
/// <para>
/// Nothing but equal pages and the frames behind them matters, so one content can be followed alone: visit the addresses
/// in order, scan after scan, until a scan changes nothing. An address joins a KSM page with room; failing that it meets
/// the page that waits in the unstable tree, and the two found a KSM page on the later one's frame; failing that it waits
/// itself. Two rules need the frames. Two addresses on one frame (a fork) never merge with each other: the second one is
/// passed over. And once a frame has become a KSM page, every other address on it belongs to it at its next visit, even
/// beyond the limit of sharers.
/// </para>
/// <para>
/// With n different frames and the limit M this comes to n / M KSM pages, one more if at least two pages are left over,
/// and one page unshared if one is; for n up to M there is nothing to follow at all.
/// </para>
/// <para>Thread safety: one thread at a time; the state is reused from content to content.</para>
/// </remarks>
internal sealed class ContentClass
{
    private const int NoNode = -1;

    private readonly int _maxPageSharing;
    private readonly Dictionary<ulong, int> _frames = [];
    private readonly List<int> _frameNode = [];
    private readonly List<int> _nodeLength = [];
    private readonly Stack<int> _nodesWithRoom = [];
    private int[] _frame = [];
    private int[] _node = [];

    /// <param name="maxPageSharing">Addresses that share one frame at most by merging; at least 2.</param>
    internal ContentClass(int maxPageSharing) => _maxPageSharing = maxPageSharing;

    /// <summary>KSM pages.</summary>
    internal int NodeCount { get; private set; }

    /// <summary>Addresses on KSM pages.</summary>
    internal int Merged { get; private set; }

    /// <summary>Pages that wait in the unstable tree: 0 or 1.</summary>
    internal int Unshared { get; private set; }

    /// <summary>Searching scans until nothing moved.</summary>
    internal int Scans { get; private set; }

    /// <summary>Frames today.</summary>
    internal int FramesBefore { get; private set; }

    /// <summary>Frames afterwards.</summary>
    internal int FramesAfter { get; private set; }

    /// <summary>Whether a page ends on a KSM page.</summary>
    internal bool IsMerged(int index) => _node[index] != NoNode;

    /// <summary>Follows one content to its steady state.</summary>
    /// <param name="pages">Its pages in the order of visits; at least one.</param>
    internal void Follow(ReadOnlySpan<PageRecord> pages)
    {
        Start(pages);
        int waiting;
        Scans = 0;
        do
        {
            waiting = NoNode;
            Scans++;
        }
        while (Scan(pages.Length, ref waiting));

        Scans = Math.Max(Scans - 1, 1); // The last one only saw that all was done.

        Unshared = waiting == NoNode ? 0 : 1;
        NodeCount = _nodeLength.Count;
        CountResult(pages.Length);
    }

    private void Start(ReadOnlySpan<PageRecord> pages)
    {
        _frames.Clear();
        _frameNode.Clear();
        _nodeLength.Clear();
        _nodesWithRoom.Clear();
        if (_frame.Length < pages.Length)
        {
            int length = Math.Max(pages.Length, _frame.Length * 2);
            _frame = new int[length];
            _node = new int[length];
        }

        for (int i = 0; i < pages.Length; i++)
        {
            if (!_frames.TryGetValue(pages[i].Frame, out int frame))
            {
                frame = _frames.Count;
                _frames.Add(pages[i].Frame, frame);
                _frameNode.Add(pages[i].IsKsm ? NewNode() : NoNode);
            }

            // Merged already: the stable node exists and holds this address, over the limit or not.
            _frame[i] = frame;
            _node[i] = _frameNode[frame];
            if (_node[i] != NoNode)
            {
                _nodeLength[_node[i]]++;
            }
        }

        FramesBefore = _frames.Count;
    }

    // One full scan. Returns whether anything moved.
    private bool Scan(int count, ref int waiting)
    {
        bool changed = false;
        for (int i = 0; i < count; i++)
        {
            if (_node[i] != NoNode)
            {
                continue;
            }

            int own = _frameNode[_frame[i]];
            if (own != NoNode || TryFindRoom(out own))
            {
                Join(i, own);
            }
            else if (waiting == NoNode)
            {
                waiting = i;
                continue;
            }
            else if (_frame[waiting] == _frame[i])
            {
                continue;
            }
            else
            {
                int node = NewNode();
                _frameNode[_frame[i]] = node;
                Join(waiting, node);
                Join(i, node);
                waiting = NoNode;
            }

            changed = true;
        }

        return changed;
    }

    private int NewNode()
    {
        _nodeLength.Add(0);
        _nodesWithRoom.Push(_nodeLength.Count - 1);
        return _nodeLength.Count - 1;
    }

    private void Join(int page, int node)
    {
        _node[page] = node;
        _nodeLength[node]++;
    }

    // The newest first, as in a chain's list; full ones are forgotten when they surface.
    private bool TryFindRoom(out int node)
    {
        while (_nodesWithRoom.TryPeek(out node))
        {
            if (_nodeLength[node] < _maxPageSharing)
            {
                return true;
            }

            _ = _nodesWithRoom.Pop();
        }

        return false;
    }

    private void CountResult(int count)
    {
        Merged = 0;
        _frames.Clear();
        for (int i = 0; i < count; i++)
        {
            if (_node[i] != NoNode)
            {
                Merged++;
            }
            else
            {
                _ = _frames.TryAdd((ulong)_frame[i], i);
            }
        }

        FramesAfter = NodeCount + _frames.Count;
    }
}
