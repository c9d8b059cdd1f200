using FastKsm.AddressSpaces;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>An address space that is registered for merging, and its rmap items.</summary>
/// <typeparam name="TObserver">Observer of the address spaces.</typeparam>
internal sealed class MmSlot<TObserver> : RmapItemList
    where TObserver : struct, IAddressSpaceObserver
{
    /// <param name="space">The address space; null for the list's head.</param>
    /// <param name="nodes">Where directory nodes come from.</param>
    internal MmSlot(AddressSpace<TObserver>? space, NativeSlab<DirectoryNode> nodes)
        : base(space?.Id ?? 0, nodes)
    {
        SpaceOrNone = space;
        Previous = this;
        Next = this;
    }

    /// <summary>The address space. The head of the list has none.</summary>
    internal AddressSpace<TObserver> Space => SpaceOrNone!;

    /// <summary>The address space, or null for the head of the list.</summary>
    internal AddressSpace<TObserver>? SpaceOrNone { get; }

    /// <summary>Slot before this one, cyclically.</summary>
    internal MmSlot<TObserver> Previous { get; private set; }

    /// <summary>Slot after this one, cyclically.</summary>
    internal MmSlot<TObserver> Next { get; private set; }

    /// <summary>Enters it, alone until now, before another.</summary>
    internal void InsertBefore(MmSlot<TObserver> other)
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
