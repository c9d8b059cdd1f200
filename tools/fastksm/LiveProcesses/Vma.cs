namespace FastKsm.Cli.LiveProcesses;

/// <summary>One VMA of a live process, as smaps showed it.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">First address behind.</param>
/// <param name="Flags">What decides about merging.</param>
/// <param name="AnonymousBytes">Present anonymous memory: what ksmd could look at.</param>
/// <param name="KsmBytes">Of these, mapped to KSM pages already.</param>
/// <param name="Name">File or bracketed name; empty for anonymous memory.</param>
internal readonly record struct Vma(
    ulong Start, ulong End, VmaFlags Flags, ulong AnonymousBytes, ulong KsmBytes, string Name)
{
    /// <summary>Whether smaps has a line for <see cref="KsmBytes"/>; kernels before 6.6 have none.</summary>
    internal bool TellsKsm { get; init; }

    /// <summary>Its share of the present memory: a page that n mappings have counts an n-th.</summary>
    internal ulong ProportionalBytes { get; init; }

    /// <summary>Present huge pages of hugetlbfs, which no other figure of smaps counts.</summary>
    internal ulong HugeTlbBytes { get; init; }

    /// <summary>What of it is swapped out.</summary>
    internal ulong SwappedBytes { get; init; }

    /// <summary>Whether its process may run code in it.</summary>
    internal bool IsExecutable => Has(VmaFlags.Executable);

    /// <summary>Present memory that lies in huge pages mapped as such.</summary>
    internal ulong HugeBytes { get; init; }

    /// <summary>Whether absent pages are asked of a handler: a read of one can wait for ever.</summary>
    internal bool AsksAHandler => Has(VmaFlags.Userfault);

    /// <summary>Whether it is locked into memory.</summary>
    internal bool IsLocked => Has(VmaFlags.Locked);

    /// <summary>Whether a file lies behind it.</summary>
    internal bool IsOfFile => Name.StartsWith('/');

    /// <summary>Whether its process may write to it.</summary>
    internal bool IsWritable => Has(VmaFlags.Writable);

    /// <summary>Size in bytes.</summary>
    internal ulong Length => End - Start;

    /// <summary>Whether it is marked mergeable now.</summary>
    internal bool IsMarked => Has(VmaFlags.Mergeable);

    /// <summary>Whether Linux could mark it, by the same tests in the same order.</summary>
    internal VmaEligibility Eligibility =>
        Has(VmaFlags.Shared) ? VmaEligibility.Shared
        : Has(VmaFlags.HugeTlb) ? VmaEligibility.HugeTlb
        : Has(VmaFlags.MayShare) ? VmaEligibility.SharedFile
        : Has(VmaFlags.Device) ? VmaEligibility.Device
        : Has(VmaFlags.DontExpand) ? VmaEligibility.Special
        : Has(VmaFlags.Droppable) ? VmaEligibility.Droppable
        : VmaEligibility.Eligible;

    private bool Has(VmaFlags flag) => (Flags & flag) != VmaFlags.None;
}
