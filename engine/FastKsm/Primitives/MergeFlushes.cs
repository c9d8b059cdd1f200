namespace FastKsm;

/// <summary>How same-page merging makes CPUs forget the pages that it protects and replaces.</summary>
/// <remarks>Neither changes what a scan does to pages that no CPU writes meanwhile: the counters of merging are the same.</remarks>
public enum MergeFlushes
{
    /// <summary>Page by page, as Linux: 2N - 1 operations for N equal pages.</summary>
    EachPage = 0,

    /// <summary>
    /// Two for each batch of pages: the pages that will probably merge are write-protected ahead, behind one operation, and
    /// the frames that they give up wait for the other.
    /// </summary>
    Batched,
}
