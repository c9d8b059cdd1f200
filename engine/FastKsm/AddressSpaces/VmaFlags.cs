using System;

namespace FastKsm.AddressSpaces;

/// <summary>Attributes of a VMA; two VMAs merge only if all are equal.</summary>
[Flags]
internal enum VmaFlags : uint
{
    /// <summary>PROT_NONE, private, nothing else.</summary>
    None = 0,

    /// <summary>May be read.</summary>
    Read = 1 << 0,

    /// <summary>May be written.</summary>
    Write = 1 << 1,

    /// <summary>May be executed.</summary>
    Execute = 1 << 2,

    /// <summary>Any of the three: without them a VMA is PROT_NONE.</summary>
    Access = Read | Write | Execute,

    /// <summary>Writes go to the backing object; never copied on write, never merged.</summary>
    Shared = 1 << 3,

    /// <summary>Counted as committed memory: private memory that is, or was with pages, writable.</summary>
    Account = 1 << 4,

    /// <summary>Made without commit accounting.</summary>
    NoReserve = 1 << 5,

    /// <summary>Pages stay resident; not inherited by fork.</summary>
    Locked = 1 << 6,

    /// <summary>Candidate for same-page merging.</summary>
    Mergeable = 1 << 7,

    /// <summary>MADV_HUGEPAGE.</summary>
    HugePage = 1 << 8,

    /// <summary>MADV_NOHUGEPAGE.</summary>
    NoHugePage = 1 << 9,

    /// <summary>MADV_DONTFORK: a child has a hole here.</summary>
    DontFork = 1 << 10,

    /// <summary>MADV_WIPEONFORK: a child starts with empty pages here.</summary>
    WipeOnFork = 1 << 11,

    /// <summary>MADV_DONTDUMP.</summary>
    DontDump = 1 << 12,

    /// <summary>MADV_SEQUENTIAL.</summary>
    Sequential = 1 << 13,

    /// <summary>MADV_RANDOM.</summary>
    Random = 1 << 14,
}
