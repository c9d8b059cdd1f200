namespace FastKsm.Stress;

/// <summary>
/// A block of pages that is mapped, moved, protected and emptied together or in parts; the same in all processes.
/// </summary>
/// <param name="Number">Number of the block.</param>
/// <param name="FirstPage">First of the pages that are watched, by their number.</param>
/// <param name="Watched">Pages that are watched.</param>
/// <param name="Stride">Pages from one that is watched to the next.</param>
/// <param name="IsClass">
/// Whether few different contents are written, so that pages merge; else each word is like no other.
/// </param>
/// <param name="IsMergeable">Whether it is a candidate for merging.</param>
/// <param name="IsBacked">
/// Whether a backing object of zeroes lies under it, as under a private mapping of a file.
/// </param>
/// <param name="IsShared">
/// Whether it is shared memory, which keeps what is written until it is unmapped. A child does not get it.
/// </param>
/// <param name="Here">First page at one place.</param>
/// <param name="There">First page at the other place.</param>
internal sealed record BlockShape(
    int Number, int FirstPage, int Watched, int Stride, bool IsClass, bool IsMergeable, bool IsBacked, bool IsShared,
    ulong Here, ulong There)
{
    /// <summary>Pages.</summary>
    internal int Pages => Watched * Stride;

    /// <summary>Whether it prefers huge pages.</summary>
    internal bool IsHuge => Stride != 1;

    /// <summary>First byte at a place.</summary>
    internal ulong AddressAt(int place) => (place == 0 ? Here : There) * Layout.PageSize;
}
