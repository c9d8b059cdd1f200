using System;

namespace FastKsm.Merging;

/// <summary>
/// Finds equal contents: merged ones, and quiet ones met during the same scan. Chosen once for a machine.
/// </summary>
/// <remarks>
/// Whatever the implementation, equal contents are told by their bytes, never by a checksum alone. Contents in the unstable
/// index may change at any time; merged ones do not. Thread safety: under the ksm mutex.
/// </remarks>
internal interface IMergeIndex : IDisposable
{
    /// <summary>The merged contents.</summary>
    StableTree Stable { get; }

    /// <summary>Bytes of native records in use.</summary>
    long UsedBytes { get; }

    /// <summary>Forgets the unstable index, when a scan is complete. Items keep what they remember of it.</summary>
    void ForgetUnstable();

    /// <summary>A page with this checksum is about to be looked for.</summary>
    void Prefetch(ulong hash);

    /// <summary>Whether a content will probably be found, by its checksum alone. Looks, and changes nothing.</summary>
    /// <param name="frame">A frame with the content.</param>
    /// <param name="hash">Its checksum.</param>
    /// <param name="partner">Item that was entered during this scan; 0 for none.</param>
    /// <returns>False also where a checksum tells nothing.</returns>
    bool Foretells(Pfn frame, ulong hash, out uint partner);

    /// <summary>Looks for quiet content, or enters it.</summary>
    /// <param name="item">
    /// Item of the page being visited, in no index; entered by its place (<see cref="RmapItem.Node"/>) if so.
    /// </param>
    /// <param name="frame">Its frame, borrowed.</param>
    /// <param name="hash">Checksum of the content.</param>
    UnstableMatch SearchOrInsert(uint item, Pfn frame, ulong hash);

    /// <summary>Takes out an item that was entered during this scan.</summary>
    void Remove(uint item);

    /// <summary>
    /// Pages of zeroes have just lost their frames, or one that has was entered: a huge page has been taken apart.
    /// </summary>
    void PagesLost();

    /// <summary>Checks the unstable index against the items that were entered during this scan.</summary>
    /// <param name="entered">Number of such items.</param>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    void Validate(long entered);
}
