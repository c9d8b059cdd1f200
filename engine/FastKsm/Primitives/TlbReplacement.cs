namespace FastKsm;

/// <summary>Which translation of a full set makes room.</summary>
public enum TlbReplacement
{
    /// <summary>The one that a tree of bits points away from last: nearly the one unused for longest.</summary>
    TreePlru,

    /// <summary>One drawn by a generator with a seed.</summary>
    Random,
}
