using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Swapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>
/// Page-table entry. 64 bits: <c>[63..32] frame  [13] huge  [5..1] flags  [0] present</c>; 0 is empty.
/// </summary>
/// <remarks>
/// Not present and not empty is a marker, <c>[63..32] the frame that is being taken  [14] set</c>, a swap entry, <c>[63..59] device  [58..29] offset  [12] exclusive  [6] set</c>, or a
/// migration entry,
/// <c>[63..32] the frame that is leaving  [12] exclusive  [11..8] what the PTE was: dirty, accessed, writable, accessible
/// [7] set</c>. The flags of a present PTE are clear in both, so no access passes through them.
/// Thread safety: read and written under the latch of its leaf.
/// </remarks>
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
    private const ulong SwapBit = 1 << 6;
    private const ulong MigrationBit = 1 << 7;
    private const ulong ExclusiveBit = 1 << 12;
    private const ulong SavedMask = AccessibleBit | WritableBit | AccessedBit | DirtyBit;
    private const int SavedShift = 7;
    private const ulong HugeBit = 1 << 13;
    private const ulong BusyBit = 1 << 14;
    private const int FrameShift = 32;
    private const int SwapEntryShift = 64 - SwapEntry.Bits;

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

    /// <summary>A page that has been paged out.</summary>
    internal bool IsSwap => (Value & SwapBit) != 0;

    /// <summary>A page that is on its way to another frame; whoever needs it waits.</summary>
    internal bool IsMigration => (Value & MigrationBit) != 0;

    /// <summary>
    /// A marker: the thread that has put it there waits for a flush, and replaces it soon. Every other thread waits for that.
    /// </summary>
    internal bool IsBusy => (Value & BusyBit) != 0;

    /// <summary>Of an entry that is not present: the page was this address space's alone.</summary>
    internal bool WasExclusive => (Value & ExclusiveBit) != 0;

    /// <summary>Device and slot of a swap entry.</summary>
    internal SwapEntry Entry => new(Value >> SwapEntryShift);

    /// <summary>The frame of a present PTE, and the one that a migration entry's page is leaving.</summary>
    internal Pfn Frame => new((uint)(Value >> FrameShift));

    /// <summary>A present, read-only, clean PTE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Pte Map(Pfn frame, bool accessible) =>
        new(((ulong)frame.Number << FrameShift) | PresentBit | (accessible ? AccessibleBit : 0));

    /// <summary>A clean PTE of the zero frame.</summary>
    internal static Pte MapZero(Pfn frame, bool accessible) => new(Map(frame, accessible).Value | ZeroBit);

    /// <summary>A marker in the place of an entry whose frame is being taken.</summary>
    internal static Pte Busy(Pfn frame) => new(((ulong)frame.Number << FrameShift) | BusyBit);

    /// <summary>The entry for all pages of a leaf: their frames follow this one, or are zero frames.</summary>
    internal Pte ForWholeLeaf() => new(Value | HugeBit);

    /// <summary>What the entry of a whole leaf says about one of its pages, as part of the whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Pte At(int position) => new(Value + ((ulong)position << FrameShift));

    /// <summary>The same for another frame.</summary>
    internal Pte WithFrame(Pfn frame) => new((Value & ~(~0UL << FrameShift)) | ((ulong)frame.Number << FrameShift));

    /// <summary>The same for one page.</summary>
    internal Pte ForOnePage() => new(Value & ~HugeBit);

    /// <summary>A swap entry.</summary>
    internal static Pte Swap(SwapEntry entry, bool wasExclusive) =>
        new((entry.Value << SwapEntryShift) | SwapBit | (wasExclusive ? ExclusiveBit : 0));

    /// <summary>The migration entry that stands for a present PTE.</summary>
    internal Pte Leaving(bool wasExclusive) => new(
        (Value & ~0UL << FrameShift) | ((Value & SavedMask) << SavedShift) | MigrationBit | (wasExclusive ? ExclusiveBit : 0));

    /// <summary>The present PTE that a migration entry stands for, of another frame.</summary>
    internal Pte Arriving(Pfn frame) =>
        new(((ulong)frame.Number << FrameShift) | ((Value >> SavedShift) & SavedMask) | PresentBit);

    /// <summary>
    /// An entry that is not present, as both sides of a fork have it: nobody's alone, and not writable.
    /// </summary>
    internal Pte WhenForked() => new(Value & ~(ExclusiveBit | (IsMigration ? WritableBit << SavedShift : 0)));

    /// <summary>A migration entry after a change of protection: writing waits for a fault.</summary>
    internal Pte WhenReprotected(bool accessible)
    {
        ulong value = Value & ~((WritableBit | AccessibleBit) << SavedShift);
        return new(accessible ? value | (AccessibleBit << SavedShift) : value);
    }

    /// <summary>The same, writable or not.</summary>
    internal Pte WithWritable(bool writable) => With(WritableBit, writable);

    /// <summary>The same, accessible or not.</summary>
    internal Pte WithAccessible(bool accessible) => With(AccessibleBit, accessible);

    /// <summary>The same, accessed or not.</summary>
    internal Pte WithAccessed(bool accessed) => With(AccessedBit, accessed);

    /// <summary>The same, dirty or not.</summary>
    internal Pte WithDirty(bool dirty) => With(DirtyBit, dirty);

    /// <summary>Whether it permits and remembers all that another entry of the same frame does.</summary>
    internal bool IsAtLeast(Pte other) => (other.Value & ~Value) == 0;

    /// <summary>
    /// Whether a CPU may hold something of it that an entry of the same frame takes back. The accessed bit counts in huge
    /// mappings only (x86).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool LosesTo(Pte next)
    {
        ulong watched = PresentBit | AccessibleBit | WritableBit | DirtyBit | (IsHuge ? AccessedBit : 0);
        return IsCacheable && (Value & ~next.Value & watched) != 0;
    }

    /// <summary>Whether mprotect flushes when it makes another entry of it: rights in either direction.</summary>
    internal bool ChangesRightsTo(Pte next)
    {
        const ulong Watched = PresentBit | AccessibleBit | WritableBit;
        return IsCacheable && ((Value ^ next.Value) & Watched) != 0;
    }

    /// <summary>What a CPU may cache of it.</summary>
    internal Translation ToTranslation()
    {
        if (!IsCacheable)
        {
            return default;
        }

        return new Translation(
            Frame,
            TranslationBits.Valid
            | (IsWritable ? TranslationBits.Writable : TranslationBits.None)
            | (IsDirty ? TranslationBits.Dirty : TranslationBits.None)
            | (IsAccessed ? TranslationBits.Accessed : TranslationBits.None)
            | (IsHuge ? TranslationBits.Huge : TranslationBits.None)
            | (IsZeroFrame ? TranslationBits.Zero : TranslationBits.None));
    }

    // Present and accessible: anything else is never cached.
    private bool IsCacheable => (Value & (PresentBit | AccessibleBit)) == (PresentBit | AccessibleBit);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Pte With(ulong bit, bool set) => new(set ? Value | bit : Value & ~bit);
}
