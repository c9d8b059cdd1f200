namespace FastKsm;

/// <summary>Which VMAs a reverse-map walk over a merged frame looks at.</summary>
public enum Pruning
{
    /// <summary>Those whose interval contains the linear page index that the page had when it was merged.</summary>
    PageIndex = 0,

    /// <summary>All of the anon_vma, as kernels do that do not keep the index.</summary>
    FullRange,
}
