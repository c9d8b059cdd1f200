namespace FastKsm.ReverseMapping;

/// <summary>How an anon_vma keeps its intervals. An index grows through the tiers and falls back only when it is empty.</summary>
internal enum IntervalTier
{
    /// <summary>None, or one in the anon_vma itself.</summary>
    Inline = 0,

    /// <summary>Up to four in an array.</summary>
    Few,

    /// <summary>Up to sixteen in an array.</summary>
    Some,

    /// <summary>A B+-tree.</summary>
    Tree,
}
