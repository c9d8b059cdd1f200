using System;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>The flags of a VMA that decide about merging, from the two-letter codes of <c>VmFlags</c> in smaps.</summary>
[Flags]
internal enum VmaFlags : ushort
{
    None = 0,
    Readable = 1 << 0,
    Shared = 1 << 1,
    MayShare = 1 << 2,
    HugeTlb = 1 << 3,
    Device = 1 << 4,
    DontExpand = 1 << 5,
    Droppable = 1 << 6,
    Mergeable = 1 << 7,

    /// <summary>Absent pages are asked of a handler (userfaultfd), which may never answer.</summary>
    Userfault = 1 << 8,

    /// <summary>Locked into memory (mlock).</summary>
    Locked = 1 << 9,

    /// <summary>May be written by its process.</summary>
    Writable = 1 << 10,

    /// <summary>Its process may run code in it.</summary>
    Executable = 1 << 11,
}
