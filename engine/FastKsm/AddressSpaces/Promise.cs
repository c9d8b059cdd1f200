using FastKsm.ReverseMapping;

namespace FastKsm.AddressSpaces;

/// <summary>Records set aside for one change of the VMAs of an address space.</summary>
internal ref struct Promise
{
    /// <summary>VMA records left.</summary>
    internal uint Vmas;

    /// <summary>Tree nodes left.</summary>
    internal uint Nodes;

    /// <summary>Chain links and intervals left.</summary>
    internal IntervalPromise Intervals;
}
