
namespace FastKsm;

/// <summary>
/// How to map memory; the default is private anonymous memory, readable and writable, wherever there is room.
/// </summary>
public readonly record struct MapOptions
{
    /// <summary>Private anonymous memory that may be read and written.</summary>
    public MapOptions()
    {
    }

    /// <summary>What the mapping permits.</summary>
    public Protection Protection { get; init; } = Protection.Read | Protection.Write;

    /// <summary>Whether forks see each other's writes (MAP_SHARED of anonymous memory). Never merged.</summary>
    public bool Shared { get; init; }

    /// <summary>
    /// Whether untouched pages belong to a backing object of zeroes, as in a private mapping of a file.
    /// </summary>
    public bool FileBacked { get; init; }

    /// <summary>Whether huge pages are preferred (MADV_HUGEPAGE).</summary>
    public bool HugePages { get; init; }

    /// <summary>Not accounted as committed memory (MAP_NORESERVE).</summary>
    public bool NoReserve { get; init; }

    /// <summary>First address, whatever is mapped there being unmapped (MAP_FIXED); null for anywhere.</summary>
    public ulong? At { get; init; }

    /// <summary>NUMA node that pages should come from; null for that of the CPU that touches them first.</summary>
    public int? Node { get; init; }
}
