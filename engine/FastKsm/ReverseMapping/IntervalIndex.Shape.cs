using System.Diagnostics;
using FastKsm.Memory;

namespace FastKsm.ReverseMapping;

/// <content>How nodes of the tree come, split, join and go.</content>
internal sealed partial class IntervalIndex
{
    // Two neighbours become one when they fit with room to spare, so that a tree at the edge does not flutter.
    private const int MergeBelow = IntervalNode.Capacity / 4;
    private const int MergedLimit = IntervalNode.Capacity * 3 / 4;

    // Splits near an end happen there, so that runs of rising or falling starts (a sweep of mprotect rises) leave nodes
    // behind that are nearly full. Not at the very end: a split re-inserts the rest of the VMA behind the new piece.
    private const int EndWidth = 4;

    // After something below a child, that reached to an index, has gone: drops the child, merges it with a neighbour, or notes
    // its largest index. Whether the parent has changed.
    private bool Tidy(uint id, uint parent, int entry, ulong last)
    {
        if (_nodes[id].Count == 0)
        {
            DropChild(parent, entry);
            return true;
        }

        int left = entry > 0 ? entry - 1 : entry;
        if (_nodes[id].Count <= MergeBelow
            && left + 1 < _nodes[parent].Count
            && _nodes[_nodes[parent].Ids[left]].Count + _nodes[_nodes[parent].Ids[left + 1]].Count <= MergedLimit)
        {
            uint into = _nodes[parent].Ids[left];
            uint from = _nodes[parent].Ids[left + 1];

            if (_nodes[from].Level != 0)
            {
                // What meant nothing at the head of a node separates within one.
                _nodes[from].SetKey(0, _nodes[parent].Keys[left + 1]);
            }

            _nodes[from].MoveTail(0, ref _nodes[into]);
            DropChild(parent, left + 1);
            _nodes[parent].SetLast(left, _nodes[into].Largest());
            return true;
        }

        if (last < _nodes[parent].Lasts[entry])
        {
            return false;
        }

        ulong largest = _nodes[id].Largest();
        bool changed = _nodes[parent].Lasts[entry] != largest;
        _nodes[parent].SetLast(entry, largest);
        return changed;
    }

    private void DropChild(uint parent, int entry)
    {
        uint child = _nodes[parent].Ids[entry];
        _nodes.Unlink(child);
        _nodes.Return(child);
        _nodes[parent].CloseAt(entry);
    }

    // Splits every full node on the way to a key, from the root down, so that each parent has room for one more child.
    private void SplitFull(ref IntervalRoot root, ulong key, ref IntervalPromise promise)
    {
        if (_nodes[root.Node].Count == IntervalNode.Capacity)
        {
            uint former = root.Node;
            root.Node = NewNode(_nodes[former].Level + 1, ref promise);
            _nodes[root.Node].OpenAt(0, 0, _nodes[former].Largest(), former);
        }

        for (uint parent = root.Node; _nodes[parent].Level != 0;)
        {
            int entry = _nodes[parent].ChildFor(key);
            uint child = _nodes[parent].Ids[entry];
            if (_nodes[child].Count == IntervalNode.Capacity)
            {
                SplitChild(parent, entry, key, ref promise);
                entry = _nodes[parent].ChildFor(key);
                child = _nodes[parent].Ids[entry];
            }

            parent = child;
        }
    }

    private void SplitChild(uint parent, int entry, ulong key, ref IntervalPromise promise)
    {
        uint left = _nodes[parent].Ids[entry];
        uint right = NewNode(_nodes[left].Level, ref promise);
        int at = _nodes[left].UpperBound(key);
        int cut = at >= IntervalNode.Capacity - EndWidth ? IntervalNode.Capacity - EndWidth
            : at <= EndWidth ? EndWidth
            : IntervalNode.Capacity / 2;
        _nodes[left].MoveTail(cut, ref _nodes[right]);
        if (_nodes[left].Level == 0)
        {
            _nodes.LinkAfter(left, right);
        }

        _nodes[parent].SetLast(entry, _nodes[left].Largest());
        _nodes[parent].OpenAt(entry + 1, _nodes[right].Keys[0], _nodes[right].Largest(), right);
        if (_nodes[right].Level != 0)
        {
            _nodes[right].SetKey(0, 0);
        }
    }

    private uint NewNode(int level, ref IntervalPromise promise)
    {
        Debug.Assert(promise.Nodes != 0, "Fewer nodes were promised than the insertion needs.");
        promise.Nodes--;
        uint id = _nodes.TakePromised();
        _nodes[id].Initialize(level);
        return id;
    }
}
