using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace FastKsm.Cli.Evaluation;

/// <summary>All that an evaluation keeps of a page: 24 bytes, and no content.</summary>
/// <remarks>
/// Pages are taken as equal when their 64-bit checksums are: among n different contents the chance of one false pair is
/// below n²/2^65 (2^-17 for 64 GiB of 4 KiB pages, 2^-9 for 1 TiB), and such a pair would change the counters by one.
/// Sorted by content, and pages of one content in the order in which ksmd would visit them.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
[SuppressMessage("Design", "CA1036:Override methods on comparable types", Justification = "Sorted, never compared by hand.")]
[SuppressMessage("Design", "MA0096:A class that implements IComparable<T> should also implement IEquatable<T>", Justification = "As above.")]
[SuppressMessage("Design", "MA0097:A class that implements IComparable<T> should override comparison operators", Justification = "As above.")]
internal struct PageRecord : IComparable<PageRecord>
{
    private const ulong ReadFlag = 1UL << 63;
    private const ulong KsmFlag = 1UL << 62;
    private const ulong HugeFlag = 1UL << 61;
    private const ulong ChangedFlag = 1UL << 60;
    private const ulong KeptFlag = 1UL << 59;
    private const ulong FrameMask = (1UL << 59) - 1;

    /// <summary>Checksum of the content.</summary>
    internal ulong Checksum;

    /// <summary>Place in ksmd's order of visits, from 0: processes in order, addresses ascending.</summary>
    internal int Ordinal;

    /// <summary>Position of the VMA among the VMAs of the evaluation.</summary>
    internal int Vma;

    private ulong _frame;

    /// <summary>Identity of the frame: two records with equal identities map the same frame.</summary>
    internal readonly ulong Frame => _frame & FrameMask;

    /// <summary>Whether the page was read; false for one that had gone by then.</summary>
    internal readonly bool IsRead => (_frame & ReadFlag) != 0;

    /// <summary>Whether the frame is a KSM page already.</summary>
    internal readonly bool IsKsm => (_frame & KsmFlag) != 0;

    /// <summary>Whether the page is part of a huge page or another large folio; told of pages of zeroes only.</summary>
    internal readonly bool IsHuge => (_frame & HugeFlag) != 0;

    /// <summary>Whether a page of zeroes stays when its folio is taken apart: it is locked into memory.</summary>
    internal readonly bool IsKept => (_frame & KeptFlag) != 0;

    /// <summary>Whether the content changed while the page was observed: ksmd leaves such a page alone.</summary>
    internal readonly bool HasChanged => (_frame & ChangedFlag) != 0;

    /// <summary>Makes the record of a page that was read.</summary>
    /// <param name="checksum">Checksum of the content.</param>
    /// <param name="ordinal">Place in the order of visits.</param>
    /// <param name="vma">Position of the VMA.</param>
    /// <param name="frame">Identity of the frame; below 2^59.</param>
    /// <param name="isKsm">Whether the frame is a KSM page already.</param>
    /// <param name="isHuge">Whether the page is part of a large folio.</param>
    /// <param name="isKept">Whether it stays when the folio is taken apart.</param>
    internal static PageRecord Create(
        ulong checksum, int ordinal, int vma, ulong frame, bool isKsm = false, bool isHuge = false, bool isKept = false) => new()
    {
        Checksum = checksum,
        Ordinal = ordinal,
        Vma = vma,
        _frame = (frame & FrameMask) | ReadFlag | (isKsm ? KsmFlag : 0) | (isHuge ? HugeFlag : 0) | (isKept ? KeptFlag : 0),
    };

    /// <summary>Notes that the content changed.</summary>
    internal void MarkChanged() => _frame |= ChangedFlag;

    /// <inheritdoc/>
    public readonly int CompareTo(PageRecord other) =>
        Checksum != other.Checksum ? Checksum.CompareTo(other.Checksum) : Ordinal.CompareTo(other.Ordinal);
}
