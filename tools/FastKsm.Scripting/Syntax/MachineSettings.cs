
namespace FastKsm.Scripting.Syntax;

/// <summary>What a script says about its machine; null is the performer's default.</summary>
public sealed record MachineSettings
{
    /// <summary>Page frames that processes can use.</summary>
    public long? Frames { get; init; }

    /// <summary>CPUs.</summary>
    public int? Cpus { get; init; }

    /// <summary>NUMA nodes.</summary>
    public int? Nodes { get; init; }

    /// <summary>Bytes in a page.</summary>
    public int? PageSize { get; init; }

    /// <summary>Whether frames keep every byte or a fingerprint.</summary>
    public FrameContent? Content { get; init; }

    /// <summary>Mappings that one process may have.</summary>
    public int? MaxMapCount { get; init; }

    /// <summary>Zero frames among which an address chooses.</summary>
    public int? ZeroPageColours { get; init; }

    /// <summary>Whether reads of untouched memory map a zero frame.</summary>
    public bool? ZeroFrameReads { get; init; }

    /// <summary>Whether pages of zeroes get a zero frame when their huge page is taken apart.</summary>
    public bool? ZeroFrameSplits { get; init; }

    /// <summary>How merging makes CPUs forget pages.</summary>
    public MergeFlushes? MergeFlushes { get; init; }
}
