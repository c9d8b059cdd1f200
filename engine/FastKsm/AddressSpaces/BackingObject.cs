using System;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>The pages behind shared and private file-like mappings: frames by page index, zero until written.</summary>
/// <remarks>
/// Lives as long as a VMA maps it; then the object serves again, under the same id. Its frames carry one reference of its own beside those of their mappings. Its pages are
/// kept in a <see cref="PageTable"/> of its own. Thread safety: as the page table; the references are the store's.
/// </remarks>
internal sealed class BackingObject
{
    private readonly AddressSpaceStore _store;
    private readonly PageTable _pages;

    internal BackingObject(AddressSpaceStore store, uint id)
    {
        _store = store;
        _pages = new PageTable(store, isWalked: false);
        Id = id;
    }

    /// <summary>Its id, which its frames carry as mapping id.</summary>
    internal uint Id { get; }

    /// <summary>VMAs that map it; 0 while the id is free.</summary>
    internal int References { get; set; }

    /// <summary>
    /// Frame of a page, made if need be; the caller's leaf latch keeps nobody from it, so it stays for good.
    /// </summary>
    internal MemoryStatus FindOrAdd(int cpu, int node, ulong index, out Pfn frame)
    {
        frame = Pfn.None;
        if (!_pages.TryFindOrAdd(index, out uint leaf))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        int position = PageTable.PositionOf(index);
        frame = FrameAt(leaf, position);
        if (frame.IsSome)
        {
            return MemoryStatus.Done;
        }

        MemoryStatus status = _store.Frames.TakeZeroed(cpu, node, out Pfn fresh);
        if (status != MemoryStatus.Done)
        {
            return status;
        }

        // Of two threads that bring a page in, the second finds the first one's frame, and gives its own back.
        _store.Frames[fresh].Become(FrameFlags.Allocated | FrameFlags.Used | FrameFlags.SwapBacked, Id, index);
        _pages.Enter(leaf);
        frame = _pages.Get(leaf, position).Frame;
        bool isFirst = !frame.IsSome;
        if (isFirst)
        {
            frame = fresh;
            _pages.Set(leaf, position, Pte.Map(frame, accessible: false));
        }

        _pages.Exit(leaf);
        if (!isFirst)
        {
            _store.Frames.Release(cpu, fresh);
        }

        return status;
    }

    /// <summary>Frame of a page; none where nothing has been written or read yet.</summary>
    internal Pfn Find(ulong index)
    {
        uint leaf = _pages.Find(index);
        if (leaf == 0)
        {
            return Pfn.None;
        }

        return FrameAt(leaf, PageTable.PositionOf(index));
    }

    /// <summary>Frames of consecutive pages; none where nothing has been written or read yet.</summary>
    /// <param name="index">Index of the first.</param>
    /// <param name="frames">Receives them.</param>
    internal void Find(ulong index, Span<Pfn> frames)
    {
        frames.Clear();
        ulong end = index + (uint)frames.Length;
        for (ulong at = index; at < end;)
        {
            int position = PageTable.PositionOf(at);
            int count = (int)Math.Min(end - at, (ulong)(PteLeaf.Length - position));
            uint leaf = _pages.Find(at);
            if (leaf != 0)
            {
                _pages.Enter(leaf);
                for (int i = 0; i < count; i++)
                {
                    frames[(int)(at - index) + i] = _pages.Get(leaf, position + i).Frame;
                }

                _pages.Exit(leaf);
            }

            at += (uint)count;
        }
    }

    /// <summary>Gives every frame and leaf back. Nobody maps the object any more.</summary>
    internal void Clear(int cpu)
    {
        ulong page = 0;
        for (uint leaf; (leaf = NextLeaf(ref page, out int count)) != 0; page += (uint)count)
        {
            _pages.Enter(leaf);
            for (int position = 0; position < PteLeaf.Length; position++)
            {
                Pte pte = _pages.Get(leaf, position);
                if (!pte.IsEmpty)
                {
                    _pages.Set(leaf, position, default);
                    _store.Frames.Release(cpu, pte.Frame);
                }
            }

            _pages.Exit(leaf);
        }

        _pages.FreeEmptyLeaves(0, PageDirectory.Limit << PteLeaf.Shift);
    }

    /// <summary>Visits each frame, for checks at rest.</summary>
    internal void ForEachFrame(Action<Pfn> visit) => ForEachLeaf(leaf =>
    {
        for (int position = 0; position < PteLeaf.Length; position++)
        {
            Pte pte = _pages.Get(leaf, position);
            if (!pte.IsEmpty)
            {
                visit(pte.Frame);
            }
        }
    });

    /// <summary>Visits each leaf, for checks at rest.</summary>
    internal void ForEachLeaf(Action<uint> visit)
    {
        ulong page = 0;
        for (uint leaf; (leaf = NextLeaf(ref page, out int count)) != 0; page += (uint)count)
        {
            visit(leaf);
        }
    }

    private Pfn FrameAt(uint leaf, int position)
    {
        _pages.Enter(leaf);
        Pfn frame = _pages.Get(leaf, position).Frame;
        _pages.Exit(leaf);
        return frame;
    }

    // Leaf of the next page that has one; 0 for none.
    private uint NextLeaf(ref ulong page, out int count) =>
        _pages.FindNext(ref page, PageDirectory.Limit << PteLeaf.Shift, out count);
}
