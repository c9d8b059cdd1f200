using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastKsm.Tlb;

/// <summary>Head of a <see cref="TranslationCache"/> in native memory; the arrays follow it.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct CacheState
{
    /// <summary>First level.</summary>
    internal CacheArray L1;

    /// <summary>Slots for which a huge translation may be held, a bit each.</summary>
    internal uint HugeSlots;

    /// <summary>Slots for which any translation has been filled since their last flush.</summary>
    internal uint FilledSlots;

    /// <summary>First level for huge mappings; the same as <see cref="L1"/> where they share it.</summary>
    internal CacheArray Huge;

    /// <summary>Second level.</summary>
    internal CacheArray L2;

    /// <summary>Current tag of each slot.</summary>
    internal Tags Live;

    /// <summary>State of the generator that chooses victims; 0 for the tree.</summary>
    internal uint Random;

    /// <summary>Whether the second level holds huge mappings.</summary>
    internal bool L2TakesHuge;

    /// <summary>Whether the second level holds all that the first does.</summary>
    internal bool L2IsInclusive;

    /// <summary>Found in the second level.</summary>
    internal long L2Hits;

    /// <summary>Filled from the page table.</summary>
    internal long Misses;

    /// <summary>Current tags of all slots: lane i is that of slot i.</summary>
    internal readonly Vector128<ushort> LiveTags => Vector128.LoadUnsafe(in Live[0]);

    /// <summary>A tag for each slot.</summary>
    [InlineArray(TranslationCache.MostSlots)]
    internal struct Tags
    {
        private ushort _first;
    }
}
