using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Offline;

/// <summary>A stretch of pages in a file.</summary>
/// <param name="Vma">The mapping it is of: its whole range, flags and name.</param>
/// <param name="Address">Address of the first page.</param>
/// <param name="File">The file that has the bytes.</param>
/// <param name="Offset">Where they begin in it.</param>
/// <param name="ByteLength">How many; a multiple of the page size.</param>
/// <param name="Mapped">The file that was mapped there; null for anonymous memory.</param>
/// <param name="MappedOffset">Where in that file <paramref name="Address"/> lay.</param>
/// <param name="Eligibility">Whether it could merge, or why not.</param>
internal sealed record ImageSegment(
    Vma Vma, ulong Address, ImageFile File, long Offset, long ByteLength, string? Mapped = null, long MappedOffset = 0,
    VmaEligibility Eligibility = VmaEligibility.Eligible);
