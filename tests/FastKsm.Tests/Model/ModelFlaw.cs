namespace FastKsm.Tests.Model;

/// <summary>Mistakes that the naive machine makes on purpose in tests of the search itself.</summary>
public enum ModelFlaw
{
    /// <summary>None.</summary>
    None,

    /// <summary>It does not know that MADV_WIPEONFORK empties a child's pages.</summary>
    NothingIsWipedOnFork,

    /// <summary>It does not know that zero pages replace pages of zeroes.</summary>
    NoZeroPages,
}
