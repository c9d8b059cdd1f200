namespace FastKsm.Cli.LiveProcesses;

/// <summary>Whether Linux can mark a VMA mergeable and, if not, the first reason that forbids it (Linux 6.18's order).</summary>
internal enum VmaEligibility : byte
{
    /// <summary>Can be marked mergeable.</summary>
    Eligible,

    /// <summary>Mapped shared (<c>VM_SHARED</c>).</summary>
    Shared,

    /// <summary>A file mapped shared without write permission (<c>VM_MAYSHARE</c> alone).</summary>
    SharedFile,

    /// <summary>Huge pages of hugetlbfs.</summary>
    HugeTlb,

    /// <summary>Device memory or raw page frames (<c>VM_IO</c>, <c>VM_PFNMAP</c>, <c>VM_MIXEDMAP</c>).</summary>
    Device,

    /// <summary>A special mapping of the kernel that must not grow (<c>VM_DONTEXPAND</c>), such as the vDSO.</summary>
    Special,

    /// <summary>Droppable memory (<c>MAP_DROPPABLE</c>).</summary>
    Droppable,

    /// <summary>The evaluation asked for VMAs that are marked today, and this one is not.</summary>
    NotMarked,
}
