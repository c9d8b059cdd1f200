using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastKsm.Swapping;

/// <summary>
/// A table entry in 32 bits: <c>[31..4] frame less the first one, or shadow  [3..2] count  [1..0] tag</c>; 0 free, all
/// ones bad.
/// A shadow keeps <c>[27..10] age  [9..1] group  [0] workingset</c>.
/// </summary>
internal static class CompactWord
{
    /// <summary>Frames that can be told apart.</summary>
    internal const long Frames = 1L << 28;

    /// <summary>Largest id of a group that a shadow has room for.</summary>
    internal const int Groups = (1 << 9) - 1;

    /// <summary>Bits of a shadow's age.</summary>
    internal const int AgeBits = 18;

    /// <summary>Largest count that a word holds by itself.</summary>
    internal const int InlineLimit = 2;

    /// <summary>What one more swap entry adds to a word that has room for it.</summary>
    internal const uint CountOne = 1u << CountShift;

    private const uint BadWord = uint.MaxValue;
    private const uint TagMask = 3;
    private const uint CountMask = 3u << CountShift;
    private const uint ShadowTag = 1;
    private const uint CachedTag = 2;
    private const int CountShift = 2;
    private const int PayloadShift = 4;

    /// <summary>The word of a slot's state, its zero flag aside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Encode(in SlotState state, uint firstFrame)
    {
        uint count = (uint)state.Count << CountShift;
        if (state.Kind == SlotKind.Cached)
        {
            return (((uint)state.Payload - firstFrame) << PayloadShift) | count | CachedTag;
        }

        return state.Kind == SlotKind.Shadow ? (Pack(state.Payload) << PayloadShift) | count | ShadowTag
            : state.Kind == SlotKind.Bad ? BadWord
            : 0;
    }

    /// <summary>The word of a slot that a folio has just been given.</summary>
    internal static uint Cached(uint frame, uint firstFrame) => ((frame - firstFrame) << PayloadShift) | CachedTag;

    /// <summary>Sets the words of slots in a row that folios have just been given, as far as whole vectors of them
    /// go.</summary>
    /// <remarks>Only x86 has vectors of this length: they are stored behind all earlier stores, and none of their words
    /// is ever half written, so a reader without the lock sees what it would see of words stored one by one.</remarks>
    /// <returns>How many words are set.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe int CacheInVectors(uint* words, ReadOnlySpan<Pfn> heads, uint firstFrame)
    {
        int done = 0;
        while (Vector256.IsHardwareAccelerated && done + Vector256<uint>.Count <= heads.Length)
        {
            // Lane i is the frame of head i, and then the word of slot i.
            Vector256<uint> frames = Vector256.Create(MemoryMarshal.Cast<Pfn, uint>(heads[done..]));
            Vector256.Store(
                ((frames - Vector256.Create(firstFrame)) << PayloadShift) | Vector256.Create(CachedTag), words + done);
            done += Vector256<uint>.Count;
        }

        return done;
    }

    /// <summary>Whether a word has room for one more swap entry, and stands for a cached slot, or else for one that an
    /// entry names already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool CanRaise(uint word, bool isCached) => isCached
        ? (word & (TagMask | (2u << CountShift))) == CachedTag
        : (word & CountMask) == CountOne;

    /// <summary>Adds a swap entry to words in a row that have room for it, as long as whole vectors of them
    /// do.</summary>
    /// <returns>How many words have one more.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe int RaiseInVectors(uint* words, int count, bool isCached) => LayoutMemory.AddInVectors(
        words,
        count,
        isCached ? TagMask | (2u << CountShift) : CountMask,
        isCached ? CachedTag : CountOne,
        CountOne);

    /// <summary>Whether each word stands for a shadow that one swap entry names.</summary>
    internal static bool AreNamedOnce(ReadOnlySpan<uint> words)
    {
        const uint Mask = TagMask | CountMask;
        const uint Wanted = ShadowTag | CountOne;
        uint unlike = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<uint> sum = Vector256<uint>.Zero;
            for (; words.Length >= Vector256<uint>.Count; words = words[Vector256<uint>.Count..])
            {
                sum |= Vector256.Create(words) ^ Vector256.Create(Wanted);
            }

            unlike = (sum & Vector256.Create(Mask)) == Vector256<uint>.Zero ? 0 : Mask;
        }

        foreach (uint word in words)
        {
            unlike |= word ^ Wanted;
        }

        return (unlike & Mask) == 0;
    }

    /// <summary>Whether a swap entry names the slot of a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsNamed(uint word) => (word & CountMask) != 0;

    /// <summary>The word of a cached slot once its folio has left a shadow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Evicted(uint word, SwapShadow shadow) =>
        (Pack(shadow.Value) << PayloadShift) | (word & CountMask) | ShadowTag;

    /// <summary>The state that a word says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static SlotState Decode(uint word, bool isZero, uint firstFrame)
    {
        byte count = (byte)((word >> CountShift) & 3);
        uint tag = word & 3;
        if (tag == CachedTag)
        {
            return new(SlotKind.Cached, count, isZero, (word >> PayloadShift) + firstFrame);
        }

        return tag == ShadowTag ? new(SlotKind.Shadow, count, isZero, Unpack(word >> PayloadShift))
            : tag == 0 ? default
            : SlotState.Bad;
    }

    // From and to the value of a SwapShadow, whose age begins at bit 27 and group at bit 11.
    private static uint Pack(ulong shadow) => ((uint)(shadow >> 27) << 10) | ((uint)(shadow >> 10) & 0x3fe) | ((uint)shadow & 1);

    private static ulong Unpack(uint payload) => ((ulong)(payload >> 10) << 27) | ((payload & 0x3feUL) << 10) | (payload & 1);
}
