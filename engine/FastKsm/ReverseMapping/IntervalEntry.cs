using System.Runtime.InteropServices;

namespace FastKsm.ReverseMapping;

/// <summary>One interval of page indexes and what it belongs to. 20 bytes.</summary>
/// <remarks>
/// Layout: <c>[0] key: start 40 bits, sequence 24 bits  [8] last index  [16] VMA</c>, so that keys order entries by start and
/// those of equal start by insertion.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct IntervalEntry
{
    /// <summary>Bits of a key that hold the sequence.</summary>
    internal const int SequenceBits = 24;

    /// <summary>Largest sequence.</summary>
    internal const uint MaxSequence = (1u << SequenceBits) - 1;

    /// <summary>Start and sequence.</summary>
    internal ulong Key;

    /// <summary>Last page index.</summary>
    internal ulong Last;

    /// <summary>The VMA.</summary>
    internal uint Vma;

    /// <summary>A key.</summary>
    internal static ulong KeyOf(ulong start, uint sequence) => (start << SequenceBits) | sequence;

    /// <summary>Start of a key.</summary>
    internal static ulong StartOf(ulong key) => key >> SequenceBits;

    /// <summary>Sequence of a key.</summary>
    internal static uint SequenceOf(ulong key) => (uint)key & MaxSequence;
}
