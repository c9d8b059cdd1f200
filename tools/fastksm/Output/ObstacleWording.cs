using System;
using System.Collections.Generic;
using FastKsm.Cli.Evaluation.Nearly;
using FastKsm.Cli.Evaluation.Reasons;

namespace FastKsm.Cli.Output;

/// <summary>Reasons against merging in words and as keys for programs, and what helps safely.</summary>
internal static class ObstacleWording
{
    /// <summary>A reason as a key for programs.</summary>
    internal static string KeyOf(MergeObstacleKind kind) => kind switch
    {
        MergeObstacleKind.Unique => "unique",
        MergeObstacleKind.DiffersInPointers => "differs_in_pointers",
        MergeObstacleKind.DiffersInParts => "differs_in_parts",
        MergeObstacleKind.KeptCopy => "kept_copy",
        MergeObstacleKind.SharingLimit => "sharing_limit",
        MergeObstacleKind.SharedByFork => "shared_by_fork",
        MergeObstacleKind.Changing => "changing",
        MergeObstacleKind.Registered => "registered_for_io",
        MergeObstacleKind.Pinned => "pinned",
        MergeObstacleKind.NotMarked => "not_marked",
        MergeObstacleKind.Swapped => "swapped",
        MergeObstacleKind.Memfd => "memfd",
        MergeObstacleKind.SharedMemory => "shared_memory",
        MergeObstacleKind.SharedFiles => "shared_files",
        MergeObstacleKind.FilePages => "file_pages",
        MergeObstacleKind.HugeTlb => "hugetlb",
        MergeObstacleKind.Device => "device",
        MergeObstacleKind.Special => "special",
        MergeObstacleKind.Left => "left",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a reason."),
    };

    /// <summary>A reason in a few words.</summary>
    internal static string NameOf(MergeObstacleKind kind) => kind switch
    {
        MergeObstacleKind.Unique => "unique content",
        MergeObstacleKind.DiffersInPointers => "equal but for pointers",
        MergeObstacleKind.DiffersInParts => "equal in half of its parts",
        MergeObstacleKind.KeptCopy => "the copy that stays",
        MergeObstacleKind.SharingLimit => "max_page_sharing",
        MergeObstacleKind.SharedByFork => "shared by fork",
        MergeObstacleKind.Changing => "changing",
        MergeObstacleKind.Registered => "registered for I/O",
        MergeObstacleKind.Pinned => "pinned",
        MergeObstacleKind.NotMarked => "not marked",
        MergeObstacleKind.Swapped => "swapped out",
        MergeObstacleKind.Memfd => "shared, memfd",
        MergeObstacleKind.SharedMemory => "shared memory",
        MergeObstacleKind.SharedFiles => "shared files",
        MergeObstacleKind.FilePages => "pages of files",
        MergeObstacleKind.HugeTlb => "hugetlb",
        MergeObstacleKind.Device => "device",
        MergeObstacleKind.Special => "special",
        MergeObstacleKind.Left => "went meanwhile",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a reason."),
    };

    /// <summary>A reason explained.</summary>
    /// <param name="kind">The reason.</param>
    /// <param name="isNearlyKnown">Whether nearly equal pages were looked for.</param>
    internal static string Remark(MergeObstacleKind kind, bool isNearlyKnown) => kind switch
    {
        MergeObstacleKind.Unique when isNearlyKnown => "no other page has it, nor nearly",
        MergeObstacleKind.Unique => "no other page has it; --nearly tells how much is nearly equal",
        MergeObstacleKind.DiffersInPointers => "would merge without address randomisation; fork from one started parent instead",
        MergeObstacleKind.DiffersInParts => "parts of 256 bytes; Linux merges whole pages only",
        MergeObstacleKind.KeptCopy => "each content needs one",
        MergeObstacleKind.SharingLimit => "further copies, since it limits the addresses on one frame",
        MergeObstacleKind.SharedByFork => "one frame already: costs nothing",
        MergeObstacleKind.Changing => "written between two looks",
        MergeObstacleKind.Registered => "io_uring's buffers",
        MergeObstacleKind.Pinned => "for devices (VFIO, RDMA); Linux does not tell which pages, so they are counted above as well",
        MergeObstacleKind.NotMarked => "no MADV_MERGEABLE, no prctl: fastksm exec --merge, or MemoryKSM=yes in the unit",
        MergeObstacleKind.Swapped => "ksmd leaves it where it is",
        MergeObstacleKind.Memfd => "RAM of a virtual machine with shared memory: give it private memory (no share=on, no vhost-user)",
        MergeObstacleKind.SharedMemory => "POSIX, System V or shared anonymous memory",
        MergeObstacleKind.SharedFiles => "mapped shared: the page cache has them once",
        MergeObstacleKind.FilePages => "mapped privately and not written: the page cache has them once",
        MergeObstacleKind.HugeTlb => "huge pages of hugetlbfs never merge; transparent ones do",
        MergeObstacleKind.Device => "memory of devices",
        MergeObstacleKind.Special => "the kernel's own mappings, and droppable memory",
        MergeObstacleKind.Left => "between being found and being read",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a reason."),
    };

    /// <summary>A cause as a key for programs.</summary>
    internal static string KeyOf(NearlyCauseKind kind) => kind switch
    {
        NearlyCauseKind.AddressRandomisation => "address_randomisation",
        NearlyCauseKind.HashSeed => "hash_seed",
        NearlyCauseKind.CompiledCode => "compiled_code",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a cause."),
    };

    /// <summary>Why pages are only nearly equal, and what helps safely.</summary>
    internal static IEnumerable<string> Causes(NearlyForecast nearly)
    {
        foreach (NearlyCause cause in nearly.Causes)
        {
            yield return cause.Kind switch
            {
                NearlyCauseKind.AddressRandomisation =>
                    $"{Wording.Bytes(cause.Bytes)} more would merge if {Wording.Plural(cause.Processes, "process", "processes")} had the same addresses: "
                    + "each program that is started gets random ones. Start one parent, let it load, and fork the others from it: they "
                    + "share its addresses and its memory. Do not switch address randomisation off; it protects against attacks.",
                NearlyCauseKind.HashSeed =>
                    $"{Wording.Plural(cause.Processes, "Python process", "Python processes")} hash text with random seeds, so that the same tables have another order in each. "
                    + "Forked from one started parent they have one seed; a fixed PYTHONHASHSEED helps as well, but only where no table's keys come from strangers.",
                _ =>
                    $"{Wording.Bytes(cause.Bytes)} in {Wording.Plural(cause.Processes, "process", "processes")} are code compiled at run time, when and where it is used: it hardly ever "
                    + "merges. Code compiled beforehand (a shared archive, a snapshot) is a file's, and is there once.",
            };
        }
    }
}
