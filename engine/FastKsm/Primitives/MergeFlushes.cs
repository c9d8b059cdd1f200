namespace FastKsm;

/// <summary>How same-page merging makes CPUs forget the pages that it protects and replaces.</summary>
/// <remarks>
/// Neither changes what is merged: counters, events and the sharing of frames are the same, and only the numbers of frames may
/// differ. A thread that writes beside a scan meets it at another moment in either.
/// </remarks>
public enum MergeFlushes
{
    /// <summary>Page by page, as Linux: 2N - 1 operations for N equal pages.</summary>
    EachPage = 0,

    /// <summary>
    /// Two for each batch of pages, of 65,536 at most: the pages that will probably merge are write-protected ahead, behind one
    /// operation, and the frames that they give up wait for the other. No more than an eighth of the machine's frames wait; then
    /// there is an operation more. Beyond Linux.
    /// </summary>
    Batched,
}
