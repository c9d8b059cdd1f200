namespace FastKsm.ReverseMapping;

/// <summary>Records set aside for chain links and their intervals, so that the half of an operation that changes things cannot fail.</summary>
internal struct IntervalPromise
{
    /// <summary>Chain links left.</summary>
    internal uint Links;

    /// <summary>Arrays of four left.</summary>
    internal uint Few;

    /// <summary>Arrays of sixteen left.</summary>
    internal uint Some;

    /// <summary>Tree nodes left.</summary>
    internal uint Nodes;
}
