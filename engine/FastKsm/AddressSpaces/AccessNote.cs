
namespace FastKsm.AddressSpaces;

/// <summary>What an access has met so far: kept by the caller on its stack, filled in by the fault path.</summary>
internal struct AccessNote
{
    /// <summary>Frame of the last page that was accessed.</summary>
    internal Pfn Frame;

    /// <summary>What the last fault did.</summary>
    internal Fault Fault;

    /// <summary>Faults so far.</summary>
    internal int Faults;

    /// <summary>Cycles so far, by the cost model.</summary>
    internal long Cycles;
}
