namespace FastKsm.ReverseMapping;

/// <summary>What one walk has met.</summary>
internal struct WalkCounts
{
    /// <summary>Nodes of the index (an array is one) and intervals looked at.</summary>
    internal long Nodes;

    /// <summary>Intervals whose VMA does not cover the page's address.</summary>
    internal long OtherAddress;

    /// <summary>Intervals whose address space belongs to the other pass.</summary>
    internal long OtherPass;

    /// <summary>Visits.</summary>
    internal long Visits;
}
