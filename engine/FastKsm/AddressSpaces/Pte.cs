using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>Page-table entry. 64 bits: <c>[63..32] frame  [13] huge  [5..1] flags  [0] present</c>; 0 is empty.</summary>
/// <remarks>Thread safety: read and written under the latch of its leaf.</remarks>
/// <param name="Value">The 64 bits.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Pte(ulong Value)
{
    private const ulong PresentBit = 1 << 0;
    private const ulong AccessibleBit = 1 << 1;
    private const ulong WritableBit = 1 << 2;
    private const ulong AccessedBit = 1 << 3;
    private const ulong DirtyBit = 1 << 4;
    private const ulong ZeroBit = 1 << 5;
    private const ulong HugeBit = 1 << 13;
    private const int FrameShift = 32;

    /// <summary>Neither a frame nor anything else.</summary>
    internal bool IsEmpty => Value == 0;

    /// <summary>Maps a frame, perhaps inaccessibly.</summary>
    internal bool IsPresent => (Value & PresentBit) != 0;

    /// <summary>May be read; clear in a PROT_NONE mapping.</summary>
    internal bool IsAccessible => (Value & AccessibleBit) != 0;

    /// <summary>May be written without a fault.</summary>
    internal bool IsWritable => (Value & WritableBit) != 0;

    /// <summary>Used since last cleared.</summary>
    internal bool IsAccessed => (Value & AccessedBit) != 0;

    /// <summary>Written since last cleared; on a zero frame, put there by the merger.</summary>
    internal bool IsDirty => (Value & DirtyBit) != 0;

    /// <summary>Maps a zero frame: no reference, no mapping, no resident page.</summary>
    internal bool IsZeroFrame => (Value & ZeroBit) != 0;

    /// <summary>Maps a frame that counts its mappings.</summary>
    internal bool IsCounted => (Value & (PresentBit | ZeroBit)) == PresentBit;

    /// <summary>Stands for all pages of its leaf, or has been derived from such an entry.</summary>
    internal bool IsHuge => (Value & HugeBit) != 0;

    /// <summary>The frame.</summary>
    internal Pfn Frame => new((uint)(Value >> FrameShift));

    /// <summary>A present, read-only, clean PTE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Pte Map(Pfn frame, bool accessible) =>
        new(((ulong)frame.Number << FrameShift) | PresentBit | (accessible ? AccessibleBit : 0));

    /// <summary>A clean PTE of the zero frame.</summary>
    internal static Pte MapZero(Pfn frame, bool accessible) => new(Map(frame, accessible).Value | ZeroBit);

    /// <summary>The entry for all pages of a leaf: their frames follow this one, or all are the zero frame.</summary>
    internal Pte ForWholeLeaf() => new(Value | HugeBit);

    /// <summary>What the entry of a whole leaf says about one of its pages, as part of the whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Pte At(int position) => new(IsZeroFrame ? Value : Value + ((ulong)position << FrameShift));

    /// <summary>The same for one page.</summary>
    internal Pte ForOnePage() => new(Value & ~HugeBit);

    /// <summary>The same, writable or not.</summary>
    internal Pte WithWritable(bool writable) => With(WritableBit, writable);

    /// <summary>The same, accessible or not.</summary>
    internal Pte WithAccessible(bool accessible) => With(AccessibleBit, accessible);

    /// <summary>The same, accessed or not.</summary>
    internal Pte WithAccessed(bool accessed) => With(AccessedBit, accessed);

    /// <summary>The same, dirty or not.</summary>
    internal Pte WithDirty(bool dirty) => With(DirtyBit, dirty);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Pte With(ulong bit, bool set) => new(set ? Value | bit : Value & ~bit);
}
