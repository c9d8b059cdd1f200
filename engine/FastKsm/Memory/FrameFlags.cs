using System;

namespace FastKsm.Memory;

/// <summary>State bits of a frame: the upper 24 bits of its index word.</summary>
[Flags]
internal enum FrameFlags : ulong
{
    /// <summary>No bit set.</summary>
    None = 0,

    /// <summary>In use: taken from the allocator and not given back.</summary>
    Allocated = 1UL << 40,

    /// <summary>The content has been written since the machine was made: to be cleared before it is lent as zeroes.</summary>
    Used = 1UL << 41,

    /// <summary>A zero frame: mapped without counts, never written, never freed.</summary>
    Zero = 1UL << 42,

    /// <summary>Anonymous: the mapping id names an anon_vma, or a stable node if <see cref="Ksm"/> is set too.</summary>
    Anonymous = 1UL << 43,

    /// <summary>Merged: the mapping id names a stable node (0: none yet) and the index means nothing.</summary>
    Ksm = 1UL << 44,

    /// <summary>Anonymous and certainly mapped by one PTE only, which may be written without a copy.</summary>
    Exclusive = 1UL << 45,

    /// <summary>Holds data that exists nowhere else; a clean frame may be dropped.</summary>
    Dirty = 1UL << 46,

    /// <summary>Reclaim writes it to swap; an anonymous frame without this bit was offered by MADV_FREE.</summary>
    SwapBacked = 1UL << 47,

    /// <summary>Mapped by a locked VMA when last looked at.</summary>
    Mlocked = 1UL << 48,

    /// <summary>
    /// The frame lock: its holder walks over its mappings or merges it. Between the address-space lock and the anon_vma's.
    /// </summary>
    Locked = 1UL << 49,

    /// <summary>One of the frames of a huge page; <see cref="HugeFrame"/> says what stands where.</summary>
    Huge = 1UL << 50,

    /// <summary>
    /// A page has given it up in a merge, and one reference keeps it until CPUs have forgotten that. For the merger alone.
    /// </summary>
    Replaced = 1UL << 51,
}
