using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <summary>The translations that a CPU holds: two levels, and huge mappings apart in the first.</summary>
/// <remarks>
/// A key is the page's number shifted left by 16 over a tag, and a bit for huge ones, whose number is the huge page's.
/// A tag is a slot (3 bits) and the slot's epoch (13 bits, from 1): a new epoch makes all entries of the slot
/// impossible to find, at once. Such dead entries are the first to make room. A value is the frame shifted left by 32
/// over <see cref="TranslationBits"/>. Thread safety: none; one thread at a time, as the CPU's protocol ensures.
/// </remarks>
internal readonly unsafe struct TranslationCache
{
    /// <summary>Slots that a tag can name; the last one is never filled.</summary>
    internal const int MostSlots = 8;

    /// <summary>A tag under which nothing is ever found.</summary>
    internal const ulong NoTag = MostSlots - 1;

    private const int TagBits = 16;
    private const int SlotBits = 3;
    private const ulong SlotMask = MostSlots - 1;
    private const ushort LastEpoch = (1 << (TagBits - SlotBits)) - 1;
    private const ulong HugeKey = 1UL << 62;
    private const int FrameShift = 32;

    private readonly CacheState* _state;

    private TranslationCache(CacheState* state) => _state = state;

    /// <summary>Found in the second level.</summary>
    internal long L2Hits => _state->L2Hits;

    /// <summary>Filled from the page table.</summary>
    internal long Misses => _state->Misses;

    /// <summary>Whether a huge translation may be held.</summary>
    internal bool MayHoldHuge
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _state->HugeSlots != 0;
    }

    /// <summary>The state, for tests and checks.</summary>
    internal ref readonly CacheState State => ref *_state;

    /// <summary>Bytes that a cache needs.</summary>
    internal static nuint BytesOf(in TlbGeometry geometry) =>
        (nuint)sizeof(CacheState) + CacheArray.BytesOf(geometry.L1Sets, geometry.L1Ways)
        + (geometry.HugeSets == 0 ? 0 : CacheArray.BytesOf(geometry.HugeSets, geometry.HugeWays))
        + CacheArray.BytesOf(geometry.L2Sets, geometry.L2Ways);

    /// <summary>Lays an empty cache out over zero-filled memory, which begins on a cache line.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="geometry">Sets and ways.</param>
    /// <param name="seed">Seed of random replacement; 0 for the tree.</param>
    internal static TranslationCache Place(byte* memory, in TlbGeometry geometry, uint seed)
    {
        CacheState* state = (CacheState*)memory;
        byte* next = memory + sizeof(CacheState);
        state->L1 = CacheArray.Place(next, geometry.L1Sets, geometry.L1Ways);
        next += CacheArray.BytesOf(geometry.L1Sets, geometry.L1Ways);
        state->Huge = state->L1;
        if (geometry.HugeSets != 0)
        {
            state->Huge = CacheArray.Place(next, geometry.HugeSets, geometry.HugeWays);
            next += CacheArray.BytesOf(geometry.HugeSets, geometry.HugeWays);
        }

        state->L2 = CacheArray.Place(next, geometry.L2Sets, geometry.L2Ways);
        state->L2TakesHuge = geometry.L2TakesHuge;
        state->L2IsInclusive = geometry.L2IsInclusive;
        state->Random = seed;
        for (int slot = 0; slot < MostSlots; slot++)
        {
            state->Live[slot] = (ushort)(slot | (1 << SlotBits));
        }

        return new TranslationCache(state);
    }

    /// <summary>A value.</summary>
    internal static ulong ValueOf(Translation translation) =>
        ((ulong)translation.Frame.Number << FrameShift) | (uint)translation.Bits;

    /// <summary>The frame that a value names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Pfn FrameOf(ulong value) => new((uint)(value >> FrameShift));

    /// <summary>The key of a page that is not huge.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong KeyOf(ulong page, ulong tag) => (page << TagBits) | tag;

    /// <summary>The page of such a key.</summary>
    internal static ulong PageOf(ulong key) => key >> TagBits;

    /// <summary>The current tag of a slot.</summary>
    internal ulong TagOf(int slot) => _state->Live[slot];

    /// <summary>Finds the translation of a page that is not huge in the first level.</summary>
    internal bool TryFind(ulong page, ulong tag, out ulong value)
    {
        value = CacheArray.Find(&_state->L1, page, KeyOf(page, tag));
        return value != 0;
    }

    /// <summary>Finds the translation of a page of a huge mapping in the first level.</summary>
    /// <returns>Its value, with the page's own frame; 0 for none.</returns>
    internal ulong FindHuge(ulong page, ulong tag)
    {
        if (_state->HugeSlots == 0)
        {
            return 0;
        }

        ulong value = CacheArray.Find(&_state->Huge, page >> Sizes.HugeShift, HugeKeyOf(page, tag));
        return value == 0 ? 0 : AtPage(value, page);
    }

    /// <summary>
    /// Finds the translation of a page that the first level does not hold, huge ones there but for, in the second; the
    /// first then holds it.
    /// </summary>
    /// <returns>Its value; 0 for none.</returns>
    internal ulong FindMissingInL2(ulong page, ulong key)
    {
        CacheState* state = _state;
        ulong value = CacheArray.Find(&state->L2, page, key);
        if (value != 0)
        {
            state->L2Hits++;
            CacheArray.FillMissing(&state->L1, page, key, value, state);
        }

        return value;
    }

    /// <summary>Finds the translation of a page in the second level; the first then holds it, too.</summary>
    internal bool FindInL2(ulong page, ulong tag, out ulong value)
    {
        CacheState* state = _state;
        ulong key = KeyOf(page, tag);
        value = CacheArray.Find(&state->L2, page, key);
        if (value != 0)
        {
            state->L2Hits++;
            _ = state->L1.Fill(page, key, value, state->LiveTags, ref state->Random);
            return true;
        }

        if (state->HugeSlots != 0 && state->L2TakesHuge)
        {
            key = HugeKeyOf(page, tag);
            value = CacheArray.Find(&state->L2, page >> Sizes.HugeShift, key);
            if (value != 0)
            {
                state->L2Hits++;
                _ = state->Huge.Fill(page >> Sizes.HugeShift, key, value, state->LiveTags, ref state->Random);
                value = AtPage(value, page);
                return true;
            }
        }

        return false;
    }

    /// <summary>Holds what a page table says.</summary>
    /// <param name="page">The page; any of a huge mapping.</param>
    /// <param name="tag">The current tag of the address space's slot.</param>
    /// <param name="translation">What it says; of a huge mapping with the frame of its first page.</param>
    internal void Fill(ulong page, ulong tag, Translation translation)
    {
        Debug.Assert(translation.IsValid, "What is not present is never cached.");
        CacheState* state = _state;
        Debug.Assert(state->Live[(int)(tag & SlotMask)] == tag && tag != NoTag, "Filled for no current slot.");
        ulong value = ValueOf(translation);
        state->Misses++;
        state->FilledSlots |= 1u << (int)(tag & SlotMask);
        if (translation.Has(TranslationBits.Huge))
        {
            state->HugeSlots |= 1u << (int)(tag & SlotMask);
            ulong key = HugeKeyOf(page, tag);
            _ = state->Huge.Fill(page >> Sizes.HugeShift, key, value, state->LiveTags, ref state->Random);
            if (state->L2TakesHuge)
            {
                Include(state->L2.Fill(page >> Sizes.HugeShift, key, value, state->LiveTags, ref state->Random));
            }
        }
        else
        {
            ulong key = KeyOf(page, tag);
            _ = state->L1.Fill(page, key, value, state->LiveTags, ref state->Random);
            Include(state->L2.Fill(page, key, value, state->LiveTags, ref state->Random));
        }
    }

    /// <summary>Forgets a page, and a huge mapping that covers it (INVLPG).</summary>
    /// <returns>Whether anything was held.</returns>
    internal bool InvalidatePage(ulong page, ulong tag)
    {
        CacheState* state = _state;
        ulong key = KeyOf(page, tag);
        bool held = state->L1.Remove(page, key) | state->L2.Remove(page, key);
        if (state->HugeSlots != 0)
        {
            key = HugeKeyOf(page, tag);
            held |= state->Huge.Remove(page >> Sizes.HugeShift, key);
            held |= state->L2.Remove(page >> Sizes.HugeShift, key);
        }

        return held;
    }

    /// <summary>Forgets the first page of each stride of a range, at least one.</summary>
    /// <param name="first">First page.</param>
    /// <param name="count">Strides.</param>
    /// <param name="strideShift">Binary logarithm of a stride's pages.</param>
    /// <param name="tag">The current tag of the address space's slot.</param>
    /// <returns>Whether anything was held.</returns>
    internal bool InvalidateRange(ulong first, ulong count, int strideShift, ulong tag)
    {
        bool held = false;
        ulong stride = 0;
        do
        {
            held |= InvalidatePage(first + (stride << strideShift), tag);
            stride++;
        }
        while (stride < count);

        return held;
    }

    /// <summary>The next translation that a look-up could find, for checks; the same one may stand in several arrays.</summary>
    /// <param name="place">Where to begin, from 0; on return, where to go on.</param>
    /// <param name="held">The translation.</param>
    /// <returns>False when there is none any more.</returns>
    internal bool TryNext(ref int place, out HeldTranslation held)
    {
        CacheState* state = _state;
        int inL1 = state->L1.Sets * state->L1.Ways;
        int inHuge = state->Huge.Sets * state->Huge.Ways;
        int all = inL1 + inHuge + (state->L2.Sets * state->L2.Ways);
        while (place < all)
        {
            int at = place++;
            CacheArray* array = at < inL1 ? &state->L1 : at < inL1 + inHuge ? &state->Huge : &state->L2;
            at -= at < inL1 ? 0 : at < inL1 + inHuge ? inL1 : inL1 + inHuge;
            (int set, int way) = Math.DivRem(at, array->Ways);
            ulong key = array->KeyOf(set, way);
            int slot = (int)(key & SlotMask);
            if (key != 0 && (ushort)key == state->Live[slot])
            {
                ulong value = array->ValueOf(set, way);
                ulong page = (key & HugeKey) != 0 ? PageOf(key & ~HugeKey) << Sizes.HugeShift : PageOf(key);
                held = new(slot, page, new Translation(FrameOf(value), (TranslationBits)(uint)value));
                return true;
            }
        }

        held = default;
        return false;
    }

    /// <summary>Forgets all of a slot: no entry bears its next tag.</summary>
    /// <returns>Whether anything had been filled since the last time.</returns>
    internal bool FlushSlot(int slot)
    {
        CacheState* state = _state;
        uint bit = 1u << slot;
        bool filled = (state->FilledSlots & bit) != 0;
        if (filled)
        {
            int epoch = (state->Live[slot] >> SlotBits) + 1;
            if (epoch > LastEpoch)
            {
                // The first epoch comes again: what bears it, or any other of this slot, has to be gone for real.
                state->L1.RemoveAll(SlotMask, (ulong)slot);
                state->Huge.RemoveAll(SlotMask, (ulong)slot);
                state->L2.RemoveAll(SlotMask, (ulong)slot);
                epoch = 1;
            }

            state->Live[slot] = (ushort)(slot | (epoch << SlotBits));
            state->FilledSlots &= ~bit;
            state->HugeSlots &= ~bit;
        }

        return filled;
    }

    private static ulong HugeKeyOf(ulong page, ulong tag) => HugeKey | (page >> Sizes.HugeShift << TagBits) | tag;

    // All pages of a huge mapping of the zero frame show that frame.
    private static ulong AtPage(ulong value, ulong page) =>
        (value & (ulong)TranslationBits.Zero) != 0 ? value : value + ((page & (Sizes.HugePages - 1)) << FrameShift);

    // What the second level had to give up, an inclusive one takes from the first.
    private void Include(ulong evicted)
    {
        CacheState* state = _state;
        if (evicted == 0 || !state->L2IsInclusive)
        {
            return;
        }

        ulong index = (evicted & ~HugeKey) >> TagBits;
        _ = (evicted & HugeKey) != 0 ? state->Huge.Remove(index, evicted) : state->L1.Remove(index, evicted);
    }
}
