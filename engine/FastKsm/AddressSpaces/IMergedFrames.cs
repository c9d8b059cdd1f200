
namespace FastKsm.AddressSpaces;

/// <summary>Who shares a merged frame: what a reverse-map walk over it asks the merger.</summary>
/// <remarks>
/// A merged frame has no anon_vma and no index; each page merged into it has. Thread safety: as said.
/// </remarks>
internal interface IMergedFrames
{
    /// <summary>
    /// Keeps the list of a frame's pages as it is. The same thread may not take it again, nor another one.
    /// </summary>
    /// <remarks>
    /// Inside of the frame lock and outside of the range locks of families. The merger goes on meanwhile; it waits when it
    /// wants to change that list.
    /// </remarks>
    /// <param name="frame">A merged frame that the caller has locked, and a reference to.</param>
    /// <param name="tryOnly">Whether to give up rather than wait.</param>
    /// <param name="list">The list, also of the frame that this one's content moves to; 0 when it has none.</param>
    /// <returns>False when it was busy.</returns>
    bool TryEnter(Pfn frame, bool tryOnly, out uint list);

    /// <summary>Gives <see cref="TryEnter"/> back.</summary>
    void Exit(uint list);

    /// <summary>First page merged into a frame, most recent first. Inside.</summary>
    /// <returns>An id; 0 for none.</returns>
    uint FirstPlace(uint list);

    /// <summary>The next one. Inside.</summary>
    /// <param name="id">Id of the one before.</param>
    /// <param name="place">What is known of that one.</param>
    /// <returns>Id of the next; 0 for none.</returns>
    uint NextPlace(uint id, out MergedPlace place);

    /// <summary>The content of a frame lies in another one from now on.</summary>
    /// <remarks>Inside, before anybody maps the other, and while nobody can come by a reference to the first.</remarks>
    void Moved(Pfn from, Pfn to);
}
