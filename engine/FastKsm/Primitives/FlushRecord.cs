namespace FastKsm;

/// <summary>One flush operation: a request by one CPU that translations be forgotten, whatever becomes of it elsewhere.</summary>
public readonly record struct FlushRecord
{
    /// <summary>What <see cref="Strides"/> is for everything of an address space.</summary>
    public const long All = -1;

    /// <summary>CPU that asks.</summary>
    public int Cpu { get; init; }

    /// <summary>The address space (<see cref="ModelProcess.AddressSpaceId"/>); 0 for a batch of several.</summary>
    public long AddressSpaceId { get; init; }

    /// <summary>Translations that are named, from 0; <see cref="All"/> for everything.</summary>
    public long Strides { get; init; }

    /// <summary>Whether another CPU was in the mask.</summary>
    public bool IsRemote { get; init; }
}
