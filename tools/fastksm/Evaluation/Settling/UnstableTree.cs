using System.Diagnostics;

namespace FastKsm.Cli.Evaluation.Settling;

/// <summary>The unstable tree of one scan, as far as its shape shows: which searches pass over the page of zeroes in it.</summary>
/// <remarks>
/// Linux's red-black tree. A page of zeroes is smaller than any other, so its node is the leftmost, and a search passes over
/// it if it goes left at that node's parent. Up to <see cref="MostNodes"/> nodes the shape is followed exactly. Beyond, the
/// tree stands still: by then a page of zeroes lies under one search in thousands.
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed class UnstableTree
{
    /// <summary>No node.</summary>
    internal const int None = 0;

    /// <summary>Nodes whose places are followed.</summary>
    internal const int MostNodes = 1 << 14;

    // Node 0 stands for "none" and is black, as the children of leaves are.
    private readonly int[] _left = new int[MostNodes + 1];
    private readonly int[] _right = new int[MostNodes + 1];
    private readonly int[] _parent = new int[MostNodes + 1];
    private readonly bool[] _isRed = new bool[MostNodes + 1];
    private readonly ulong[] _key = new ulong[MostNodes + 1];
    private int _root;
    private int _used;
    private bool _isFull;

    /// <summary>Forgets all nodes, as Linux does at the start of a scan.</summary>
    internal void Clear()
    {
        _root = None;
        _used = 0;
        _isFull = false;
    }

    /// <summary>Whether a search for a key passes over a node that is the leftmost.</summary>
    internal bool PassesLeftmost(int leftmost, ulong key) =>
        leftmost == None
            ? key == 0 // Its place is not known, but a search for its own content ends there.
            : _parent[leftmost] == None || key < _key[_parent[leftmost]];

    /// <summary>Inserts a page where a search for it ended.</summary>
    /// <returns>Its node; <see cref="None"/> where it is not followed.</returns>
    internal int Insert(ulong key)
    {
        if (_isFull || _used == MostNodes)
        {
            _isFull = true;
            return None;
        }

        int node = ++_used;
        int parent = None;
        for (int at = _root; at != None; at = key < _key[at] ? _left[at] : _right[at])
        {
            parent = at;
        }

        _key[node] = key;
        _left[node] = None;
        _right[node] = None;
        _parent[node] = parent;
        _isRed[node] = true;
        Attach(parent, node);
        RepairAfterInsert(node);
        return node;
    }

    /// <summary>Removes the node of a page that has merged.</summary>
    internal void Remove(int node)
    {
        if (node == None || _isFull)
        {
            return;
        }

        int child;
        int hole;
        bool wasRed;
        if (_left[node] != None && _right[node] != None)
        {
            int successor = _right[node];
            while (_left[successor] != None)
            {
                successor = _left[successor];
            }

            (child, hole, wasRed) = (_right[successor], _parent[successor], _isRed[successor]);
            if (hole == node)
            {
                hole = successor;
            }
            else
            {
                SetChild(hole, successor, child);
                SetRight(successor, _right[node]);
            }

            SetLeft(successor, _left[node]);
            _isRed[successor] = _isRed[node];
            SetChild(_parent[node], node, successor);
        }
        else
        {
            child = _left[node] != None ? _left[node] : _right[node];
            (hole, wasRed) = (_parent[node], _isRed[node]);
            SetChild(hole, node, child);
        }

        if (!wasRed)
        {
            RepairAfterRemove(child, hole);
        }
    }

    private void RepairAfterInsert(int node)
    {
        while (_parent[node] is var parent && parent != None && _isRed[parent])
        {
            int grandparent = _parent[parent];
            bool isLeft = parent == _left[grandparent];
            int uncle = isLeft ? _right[grandparent] : _left[grandparent];
            if (_isRed[uncle])
            {
                _isRed[parent] = false;
                _isRed[uncle] = false;
                _isRed[grandparent] = true;
                node = grandparent;
                continue;
            }

            if (node == (isLeft ? _right[parent] : _left[parent]))
            {
                Rotate(parent, isLeft);
                (node, parent) = (parent, node);
            }

            _isRed[parent] = false;
            _isRed[grandparent] = true;
            Rotate(grandparent, !isLeft);
        }

        _isRed[_root] = false;
    }

    private void RepairAfterRemove(int node, int parent)
    {
        while (node != _root && !_isRed[node])
        {
            bool isLeft = node == _left[parent];
            int sibling = isLeft ? _right[parent] : _left[parent];
            if (_isRed[sibling])
            {
                _isRed[sibling] = false;
                _isRed[parent] = true;
                Rotate(parent, isLeft);
                sibling = isLeft ? _right[parent] : _left[parent];
            }

            Debug.Assert(sibling != None, "The sibling of a node that lacks a black one is there.");
            int near = isLeft ? _left[sibling] : _right[sibling];
            int far = isLeft ? _right[sibling] : _left[sibling];
            if (!_isRed[near] && !_isRed[far])
            {
                _isRed[sibling] = true;
                (node, parent) = (parent, _parent[parent]);
                continue;
            }

            if (!_isRed[far])
            {
                _isRed[near] = false;
                _isRed[sibling] = true;
                Rotate(sibling, !isLeft);
                (far, sibling) = (sibling, near);
            }

            _isRed[sibling] = _isRed[parent];
            _isRed[parent] = false;
            _isRed[far] = false;
            Rotate(parent, isLeft);
            node = _root;
        }

        _isRed[node] = false;
    }

    // Left: the right child takes the node's place, and the node becomes its left child. Otherwise the mirror image.
    private void Rotate(int node, bool toLeft)
    {
        int child = toLeft ? _right[node] : _left[node];
        SetChild(_parent[node], node, child);
        if (toLeft)
        {
            SetRight(node, _left[child]);
            SetLeft(child, node);
        }
        else
        {
            SetLeft(node, _right[child]);
            SetRight(child, node);
        }
    }

    private void Attach(int parent, int node)
    {
        if (parent == None)
        {
            _root = node;
        }
        else if (_key[node] < _key[parent])
        {
            _left[parent] = node;
        }
        else
        {
            _right[parent] = node;
        }
    }

    private void SetChild(int parent, int old, int node)
    {
        if (parent == None)
        {
            _root = node;
        }
        else if (_left[parent] == old)
        {
            _left[parent] = node;
        }
        else
        {
            _right[parent] = node;
        }

        SetParent(node, parent);
    }

    private void SetLeft(int node, int child)
    {
        _left[node] = child;
        SetParent(child, node);
    }

    private void SetRight(int node, int child)
    {
        _right[node] = child;
        SetParent(child, node);
    }

    private void SetParent(int node, int parent)
    {
        if (node != None)
        {
            _parent[node] = parent;
        }
    }
}
