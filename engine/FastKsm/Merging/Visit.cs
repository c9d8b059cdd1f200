
namespace FastKsm.Merging;

/// <summary>A page that the scanner has come to, and what it knows of it.</summary>
internal ref struct Visit
{
    /// <summary>Where.</summary>
    internal MmSlot Slot;

    /// <summary>The page.</summary>
    internal ulong Page;

    /// <summary>Its item.</summary>
    internal uint Item;

    /// <summary>Its frame, borrowed; none if nothing is to be done about the page.</summary>
    internal Pfn Frame;

    /// <summary>
    /// Whether the page has lost the frame while it was looked at: it is one of zeroes, of a huge page taken apart.
    /// </summary>
    internal bool HasLostPage;

    /// <summary>Stable node of the frame; 0 for a frame that is not merged.</summary>
    internal uint Node;

    /// <summary>Checksum of the content, if <see cref="HasChecksum"/>.</summary>
    internal ulong Checksum;

    /// <summary>Whether the checksum has been taken ahead.</summary>
    internal bool HasChecksum;
}
