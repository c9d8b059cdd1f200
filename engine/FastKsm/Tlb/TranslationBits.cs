using System;

namespace FastKsm.Tlb;

/// <summary>Bits of a <see cref="Translation"/>.</summary>
[Flags]
internal enum TranslationBits
{
    /// <summary>No translation.</summary>
    None = 0,

    /// <summary>Present and accessible.</summary>
    Valid = 1,

    /// <summary>Permits stores.</summary>
    Writable = 2,

    /// <summary>Has been stored through: further stores do not look at the page table.</summary>
    Dirty = 4,

    /// <summary>Has been used.</summary>
    Accessed = 8,

    /// <summary>Stands for all pages of a leaf.</summary>
    Huge = 16,

    /// <summary>Maps a zero frame.</summary>
    Zero = 32,
}
