using System.Diagnostics;
using FastKsm.AddressSpaces;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>An address space that is registered for merging, and its rmap items.</summary>
/// <remarks>Serves one address space after another. Thread safety: guarded by the list.</remarks>
internal sealed class MmSlot : RmapItemList
{
    /// <param name="nodes">Where directory nodes come from.</param>
    internal MmSlot(NativeSlab<DirectoryNode> nodes)
        : base(nodes)
    {
        Previous = this;
        Next = this;
    }

    /// <summary>The address space. The head of the list has none.</summary>
    internal AddressSpace Space => SpaceOrNone!;

    /// <summary>The address space, or null for the head of the list.</summary>
    internal AddressSpace? SpaceOrNone { get; private set; }

    /// <summary>Slot before this one, cyclically.</summary>
    internal MmSlot Previous { get; private set; }

    /// <summary>Slot after this one, cyclically.</summary>
    internal MmSlot Next { get; private set; }

    /// <summary>Gives it to an address space.</summary>
    /// <param name="space">The address space.</param>
    internal void Serve(AddressSpace space)
    {
        Debug.Assert(Count == 0 && MergingPages == 0 && Next == this, "The last one has left nothing behind.");
        SpaceOrNone = space;
        SpaceId = space.Id;
    }

    /// <summary>Enters it, alone until now, before another.</summary>
    internal void InsertBefore(MmSlot other)
    {
        Next = other;
        Previous = other.Previous;
        Previous.Next = this;
        other.Previous = this;
    }

    /// <summary>Takes it out of its list.</summary>
    internal void Leave()
    {
        Previous.Next = Next;
        Next.Previous = Previous;
        Previous = this;
        Next = this;
    }
}
