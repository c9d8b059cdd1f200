using System.Runtime.CompilerServices;

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

    private const uint BadWord = uint.MaxValue;
    private const uint ShadowTag = 1;
    private const uint CachedTag = 2;
    private const int CountShift = 2;
    private const int PayloadShift = 4;

    /// <summary>The word of a slot's state, its zero flag aside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Encode(in SlotState state, uint firstFrame)
    {
        uint count = (uint)state.Count << CountShift;
        return state.Kind switch
        {
            SlotKind.Cached => (((uint)state.Payload - firstFrame) << PayloadShift) | count | CachedTag,
            SlotKind.Shadow => (Pack(state.Shadow) << PayloadShift) | count | ShadowTag,
            SlotKind.Bad => BadWord,
            _ => 0,
        };
    }

    /// <summary>The word of a slot that a folio has just been given.</summary>
    internal static uint Cached(uint frame, uint firstFrame) => ((frame - firstFrame) << PayloadShift) | CachedTag;

    /// <summary>The state that a word says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static SlotState Decode(uint word, bool isZero, uint firstFrame)
    {
        byte count = (byte)((word >> CountShift) & 3);
        return (word & 3) switch
        {
            0 => default,
            CachedTag => new(SlotKind.Cached, count, isZero, (word >> PayloadShift) + firstFrame),
            ShadowTag => new(SlotKind.Shadow, count, isZero, Unpack(word >> PayloadShift).Value),
            _ => SlotState.Bad,
        };
    }

    private static uint Pack(SwapShadow shadow) =>
        ((uint)(shadow.Age & ((1u << AgeBits) - 1)) << 10) | ((uint)(shadow.Group & Groups) << 1) | (shadow.WasWorkingset ? 1u : 0);

    private static SwapShadow Unpack(uint payload) =>
        new(payload >> 10, (ushort)((payload >> 1) & Groups), node: 0, (payload & 1) != 0);
}
