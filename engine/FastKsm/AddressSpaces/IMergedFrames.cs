using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>Who shares a merged frame: what a reverse-map walk over it asks the merger.</summary>
/// <remarks>A merged frame has no anon_vma and no index; each page merged into it has. Thread safety: as said.</remarks>
internal interface IMergedFrames
{
    /// <summary>Keeps the lists of pages as they are. The same thread may take it again.</summary>
    /// <remarks>
    /// Outside of every other lock but the frame lock, which may be held because the merger itself only tries to take it.
    /// </remarks>
    /// <param name="tryOnly">Whether to give up rather than wait.</param>
    /// <returns>False when it was busy.</returns>
    bool TryEnter(bool tryOnly);

    /// <summary>Gives <see cref="TryEnter"/> back.</summary>
    void Exit();

    /// <summary>First page merged into a frame, most recent first. Inside.</summary>
    /// <returns>An id; 0 for none.</returns>
    uint FirstPlace(Pfn frame);

    /// <summary>The next one. Inside.</summary>
    /// <param name="id">Id of the one before.</param>
    /// <param name="place">What is known of that one.</param>
    /// <returns>Id of the next; 0 for none.</returns>
    uint NextPlace(uint id, out MergedPlace place);

    /// <summary>The content of a frame lies in another one from now on. Inside, and before anybody maps the other.</summary>
    void Moved(Pfn from, Pfn to);
}
