using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>Gives a new frame to one page of one address space.</summary>
internal static class FrameOwner
{
    /// <summary>Maps a frame that only the caller knows as the private anonymous page of an entry that is not present.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="edit">The leaf, under its latch.</param>
    /// <param name="vma">The VMA, which has an anon_vma.</param>
    /// <param name="page">The page.</param>
    /// <param name="position">Its place in the leaf.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="writable">Whether it may be written without a fault, as far as the VMA permits.</param>
    /// <param name="dirty">Whether it has been written.</param>
    internal static void MapOwn(
        AddressSpace space, in LeafEdit edit, in Vma vma, ulong page, int position, Pfn frame, bool writable, bool dirty)
    {
        const FrameFlags Flags = FrameFlags.Allocated | FrameFlags.Used | FrameFlags.Anonymous | FrameFlags.Exclusive
            | FrameFlags.SwapBacked;
        ref FrameRecord record = ref space.Store.Frames[frame];
        record.Become(Flags, vma.AnonVma, vma.IndexOf(page));
        record.AddMapping();
        space.Counts.AddAnonymous(1);
        Pte pte = Pte.Map(frame, (vma.Flags & VmaFlags.Access) != VmaFlags.None).WithAccessed(true).WithDirty(dirty);
        edit.Install(position, pte.WithWritable(writable && vma.Has(VmaFlags.Write)));
    }
}
