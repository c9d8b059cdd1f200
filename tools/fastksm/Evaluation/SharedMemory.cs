using System;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Present memory of the processes that were read which cannot merge, by kind; in bytes.</summary>
/// <remarks>
/// What several mappings share counts in parts (Pss), so that the sum over all its users is its size. Device memory has no
/// pages that the kernel counts: its length stands for it.
/// </remarks>
internal record struct SharedMemory
{
    /// <summary>Files in memory without a name (memfd), such as the RAM of some virtual machines.</summary>
    internal long Memfd;

    /// <summary>Other shared memory: POSIX, System V, shared anonymous.</summary>
    internal long Shm;

    /// <summary>Files that are mapped shared.</summary>
    internal long Files;

    /// <summary>Huge pages of hugetlbfs.</summary>
    internal long HugeTlb;

    /// <summary>Device memory.</summary>
    internal long Device;

    /// <summary>All of it.</summary>
    internal readonly long Total => Memfd + Shm + Files + HugeTlb + Device;

    /// <summary>Adds a VMA, if it is of one of these kinds.</summary>
    internal void Add(in Vma vma)
    {
        switch (vma.Eligibility)
        {
            case VmaEligibility.HugeTlb:
                HugeTlb += (long)vma.HugeTlbBytes;
                break;
            case VmaEligibility.Shared or VmaEligibility.SharedFile when vma.HugeTlbBytes > 0:
                HugeTlb += (long)vma.HugeTlbBytes;
                break;
            case VmaEligibility.Shared or VmaEligibility.SharedFile when IsDevice(vma):
                Device += (long)vma.Length;
                break;
            case VmaEligibility.Shared or VmaEligibility.SharedFile when Is(vma, "/memfd:"):
                Memfd += (long)vma.ProportionalBytes;
                break;
            case VmaEligibility.Shared or VmaEligibility.SharedFile
                when Is(vma, "/dev/shm/") || Is(vma, "/SYSV") || Is(vma, "/dev/zero"):
                Shm += (long)vma.ProportionalBytes;
                break;
            case VmaEligibility.Shared or VmaEligibility.SharedFile:
                Files += (long)vma.ProportionalBytes;
                break;
            case VmaEligibility.Device when vma.IsOfFile || Is(vma, "anon_inode:"):
                Device += (long)vma.Length;
                break;
            default:
                break;
        }
    }

    private static bool IsDevice(in Vma vma) => (vma.Flags & VmaFlags.Device) != VmaFlags.None;

    private static bool Is(in Vma vma, string prefix) => vma.Name.StartsWith(prefix, StringComparison.Ordinal);
}
