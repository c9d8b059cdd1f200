using System.Threading;
using FastKsm.AddressSpaces;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>The rmap items of one address space, in the order of their pages.</summary>
/// <remarks>Thread safety: under the ksm mutex; the two counts may be read at any time.</remarks>
internal class RmapItemList
{
    private long _count;
    private long _mergingPages;

    /// <param name="nodes">Where directory nodes come from.</param>
    internal RmapItemList(NativeSlab<DirectoryNode> nodes) => Directory = new PageDirectory(nodes);

    /// <summary>Id of the address space; 0 for none.</summary>
    internal uint SpaceId { get; private protected set; }

    /// <summary>From leaf numbers to leaves of items.</summary>
    internal PageDirectory Directory { get; }

    /// <summary>Number among the lists that have items; 0 while it has none.</summary>
    internal int Number { get; set; }

    /// <summary>Items (ksm_rmap_items).</summary>
    internal long Count
    {
        get => Volatile.Read(ref _count);
        set => Volatile.Write(ref _count, value);
    }

    /// <summary>Items in the stable index (ksm_merging_pages).</summary>
    internal long MergingPages
    {
        get => Volatile.Read(ref _mergingPages);
        set => Volatile.Write(ref _mergingPages, value);
    }
}
