
namespace FastKsm.Scripting.Syntax;

/// <summary>How a <c>map</c> maps; the default is private anonymous memory, readable and writable, at the next free place.</summary>
public sealed record MapSettings
{
    /// <summary>What the mapping permits.</summary>
    public Protection Protection { get; init; } = Protection.Read | Protection.Write;

    /// <summary>MAP_SHARED instead of MAP_PRIVATE.</summary>
    public bool Shared { get; init; }

    /// <summary>A file of zeroes of its own instead of anonymous memory.</summary>
    public bool File { get; init; }

    /// <summary>Huge pages preferred (MADV_HUGEPAGE) instead of avoided.</summary>
    public bool Huge { get; init; }

    /// <summary>MAP_NORESERVE.</summary>
    public bool NoReserve { get; init; }

    /// <summary>NUMA node that its pages come from; null for that of the CPU that touches them.</summary>
    public int? Node { get; init; }

    /// <summary>Where; null for the next free place, which the runner chooses.</summary>
    public Target? At { get; init; }
}
