using System.Numerics;

namespace FastKsm.Cli.Scenarios.ZeroColours;

/// <summary>One cache of a CPU.</summary>
/// <param name="Name">What its makers call it.</param>
/// <param name="Bytes">Size; ways × line × a power of two.</param>
/// <param name="Ways">Lines of a set; 1 is direct-mapped.</param>
/// <param name="LineBytes">Bytes of a line; a power of two.</param>
/// <param name="Cycles">From a load to the use of what it loads, when this level has it.</param>
/// <param name="IsVirtuallyIndexed">
/// Whether the virtual address chooses the set; tags are physical always. Of a line that several addresses map then at most one
/// copy is in the cache: a load by an address with another set misses, and the copy moves.
/// </param>
internal sealed record CacheLevel(string Name, long Bytes, int Ways, int LineBytes, int Cycles, bool IsVirtuallyIndexed)
{
    /// <summary>Sets.</summary>
    internal long Sets => Bytes / ((long)Ways * LineBytes);

    /// <summary>What is wrong with the figures; null if nothing.</summary>
    internal string? Fault => Ways < 1 || LineBytes < 1 || !BitOperations.IsPow2(LineBytes) ? $"{Name}: a line is a power of two bytes."
        : Bytes % ((long)Ways * LineBytes) != 0 || !BitOperations.IsPow2(Sets)
            ? $"{Name}: {Bytes} bytes in {Ways} ways of {LineBytes}-byte lines are not a power of two of sets."
        : null;

    /// <summary>Colours of pages: sets that the same offset in a page can fall into.</summary>
    /// <param name="pageBytes">Bytes of a page.</param>
    internal long Colours(int pageBytes) => long.Max(1, Bytes / Ways / pageBytes);
}
