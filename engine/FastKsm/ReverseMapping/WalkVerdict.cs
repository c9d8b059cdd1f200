namespace FastKsm.ReverseMapping;

/// <summary>Whether a VMA that the index has offered is one to visit.</summary>
internal enum WalkVerdict
{
    /// <summary>It is.</summary>
    Visit,

    /// <summary>It does not cover the page's address.</summary>
    OtherAddress,

    /// <summary>It belongs to an address space that is visited in the other pass.</summary>
    OtherPass,
}
