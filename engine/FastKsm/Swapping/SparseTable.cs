using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>The entries of a cluster with few slots in use, in one cache line: places and words, in no order.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct SparseTable
{
    /// <summary>Slots that it has room for.</summary>
    internal const int Capacity = 10;

    private ushort _count;
    private Places _places;
    private Words _words;

    /// <summary>Slots that it holds.</summary>
    internal readonly int Count => _count;

    /// <summary>The word of a slot; 0 if it holds none.</summary>
    internal readonly uint Read(int position)
    {
        int at = Find(position);
        return at < 0 ? 0 : _words[at];
    }

    /// <summary>The first slot that it holds, from a place on; <see cref="SwapLimits.ClusterSlots"/> if there is
    /// none.</summary>
    internal readonly int NextUsed(int position)
    {
        int next = SwapLimits.ClusterSlots;
        for (int i = 0; i < _count; i++)
        {
            next = _places[i] >= position ? int.Min(next, _places[i]) : next;
        }

        return next;
    }

    /// <summary>Place and word by number.</summary>
    internal readonly (int Position, uint Word) At(int index) => (_places[index], _words[index]);

    /// <summary>Sets the word of a slot; 0 removes it. A new one needs room.</summary>
    internal void Write(int position, uint word)
    {
        int at = Find(position);
        if (word != 0)
        {
            if (at < 0)
            {
                at = _count++;
                _places[at] = (ushort)position;
            }

            _words[at] = word;
        }
        else if (at >= 0)
        {
            _count--;
            _places[at] = _places[_count];
            _words[at] = _words[_count];
            _places[_count] = 0;
            _words[_count] = 0;
        }
    }

    private readonly int Find(int position)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_places[i] == position)
            {
                return i;
            }
        }

        return -1;
    }

    [InlineArray(Capacity)]
    private struct Places
    {
        private ushort _first;
    }

    [InlineArray(Capacity)]
    private struct Words
    {
        private uint _first;
    }
}
