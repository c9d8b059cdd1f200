using System.Threading;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;

namespace FastKsm.AddressSpaces;

/// <summary>The VMAs of one address space: their tree, their records, and when several become one or one several.</summary>
/// <remarks>
/// Touches no page-table entry; where the edge of a VMA would cut a huge mapping it says so (<see cref="IVmaEdges"/>). A change first has
/// every record promised to it, and only then changes anything. Read under the mm lock; changed under the mm lock held alone.
/// </remarks>
internal sealed partial class VmaSet
{
    private readonly AddressSpaceStore _store;
    private readonly VmaTree _tree;
    private readonly IVmaEdges _edges;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="edges">Who splits huge mappings.</param>
    internal VmaSet(AddressSpaceStore store, IVmaEdges edges)
    {
        _store = store;
        _edges = edges;
        _tree = new VmaTree(store.TreeNodes);
    }

    /// <summary>Id of the address space, which new records bear.</summary>
    internal uint Space { get; set; }

    /// <summary>VMAs (<c>map_count</c>).</summary>
    internal int Count => _tree.Count;

    /// <summary>Pages in VMAs (<c>total_vm</c>).</summary>
    internal ulong MappedPages { get; private set; }

    /// <summary>Pages in locked VMAs (<c>locked_vm</c>).</summary>
    internal ulong LockedPages { get; private set; }

    /// <summary>Tree nodes that inserting one VMA may take.</summary>
    internal uint NodesForInsert => _tree.NodesForInsert;

    /// <summary>Record of a VMA.</summary>
    internal ref Vma this[uint id] => ref _store.Vmas[id];

    /// <summary>VMA that contains a page; 0 for none.</summary>
    internal uint Containing(ulong page)
    {
        uint id = From(page);
        return id != 0 && At(id).Start <= page ? id : 0;
    }

    /// <summary>VMA that contains a page or, where there is none, the next one behind it; 0 for none.</summary>
    internal uint From(ulong page) => _tree.At(_tree.Find(page));

    /// <summary>Whether a VMA holds a page of a range.</summary>
    internal bool HasAny(ulong start, ulong end)
    {
        uint id = From(start);
        return id != 0 && At(id).Start < end;
    }

    /// <summary>The VMAs from one on, in order.</summary>
    /// <param name="page">The first one contains this page, or is the next one behind it.</param>
    internal VmaRuns After(ulong page) => new(_tree, _tree.Find(page));

    /// <summary>Looks for room, as high as possible.</summary>
    /// <param name="pages">Pages that are needed.</param>
    /// <param name="floor">Lowest page that may be used.</param>
    /// <param name="start">Where there is room.</param>
    internal bool TryFindRoom(ulong pages, ulong floor, out ulong start) =>
        _tree.TryFindRoom(pages, floor, _store.PageLimit, out start);

    /// <summary>Whether so many pages from one on are in no VMA.</summary>
    internal bool HasRoomAt(ulong page, ulong pages)
    {
        uint next = From(page);
        ulong limit = next == 0 ? _store.PageLimit : At(next).Start;
        return limit >= page && limit - page >= pages;
    }

    /// <summary>Makes a range that no VMA holds part of a neighbour, or a VMA of its own.</summary>
    internal uint Place(in Region region, ref Promise promise)
    {
        ulong pages = region.End - region.Start;
        MappedPages += pages;
        CountLocked(VmaFlags.None, region.Flags, pages);
        uint id = TryMerge(region, 0, ref promise);
        if (id == 0)
        {
            promise.Vmas--;
            id = _store.Vmas.TakePromised();
            ref Vma vma = ref At(id);
            vma.Start = region.Start;
            vma.End = region.End;
            vma.PageOffset = region.PageOffset;
            vma.Flags = region.Flags;
            vma.Object = region.Object;
            vma.Node = region.Node;
            vma.Space = Space;
            FamilyHold hold = _store.AnonVmas.EnterWrite(region.AnonVma, vma.PageOffset, vma.LastIndex);
            vma.Chain = _store.AnonVmas.Clone(region.AnonVma, region.Chain, IntervalOf(id), ref promise.Intervals);
            _store.AnonVmas.ExitWrite(hold);
            vma.AnonVma = region.AnonVma;
            _tree.Insert(region.Start, region.End, id, ref promise.Nodes);
        }

        return id;
    }

    /// <summary>Lets a VMA grow at its end, where there is room.</summary>
    /// <returns>The VMA that has the pages.</returns>
    internal uint Grow(uint id, ulong pages, ref Promise promise)
    {
        ulong end = At(id).End;
        Region region = Region.Of(At(id), end, end + pages);
        MappedPages += pages;
        CountLocked(VmaFlags.None, region.Flags, pages);
        return TryMerge(region, 0, ref promise);
    }

    /// <summary>Makes VMAs end at both edges of a range that is going away.</summary>
    /// <param name="first">VMA at its start.</param>
    /// <param name="last">VMA at its end; 0 if the end is free.</param>
    /// <param name="start">First page.</param>
    /// <param name="end">One past the last page.</param>
    /// <param name="promise">What has been set aside.</param>
    internal void SplitAround(uint first, uint last, ulong start, ulong end, ref Promise promise)
    {
        if (At(first).Start < start)
        {
            SplitOff(first, start, newBelow: true, ref promise);
        }

        if (last != 0 && At(last).End > end)
        {
            SplitOff(last, end, newBelow: false, ref promise);
        }
    }

    /// <summary>Drops the VMAs of a range whose edges are edges of VMAs, and whose pages have gone.</summary>
    internal void DropRange(int cpu, ulong start, ulong end)
    {
        for (uint id; (id = From(start)) != 0 && At(id).Start < end;)
        {
            ref Vma vma = ref At(id);
            MappedPages -= vma.Pages;
            CountLocked(vma.Flags, VmaFlags.None, vma.Pages);
            uint backing = vma.Object;
            _store.AddObjectReference(backing);
            Drop(id);
            _store.DropObjectReference(cpu, backing);
        }
    }

    /// <summary>Copies the record of a VMA into the set of a child, which only the caller can see.</summary>
    /// <param name="id">The VMA.</param>
    /// <param name="child">The child's VMAs.</param>
    /// <param name="pagesToo">Whether pages are going to be copied, so that reverse-map walks must find the copy.</param>
    /// <param name="copyId">The copy.</param>
    /// <returns>False when the host has no memory; the child has no copy then.</returns>
    internal bool TryCopy(uint id, VmaSet child, bool pagesToo, out uint copyId)
    {
        copyId = 0;
        if (!_store.TryPromise(out Promise promise, 1, child._tree.NodesForInsert, 0))
        {
            return false;
        }

        ref Vma vma = ref At(id);
        promise.Vmas--;
        copyId = _store.Vmas.TakePromised();
        ref Vma copy = ref At(copyId);
        copy = vma;
        (copy.Space, copy.AnonVma, copy.Chain) = (child.Space, 0, 0);
        copy.Flags &= ~VmaFlags.Locked;

        // Walks meet the child's VMA from here on, behind the parent's; PTEs are copied after that.
        uint own = 0;
        uint chain = 0;
        if (pagesToo && !_store.AnonVmas.TryFork(vma.AnonVma, vma.Chain, IntervalOf(copyId), out own, out chain))
        {
            _store.Vmas.Return(copyId);
            _store.Cancel(ref promise);
            return false;
        }

        (copy.AnonVma, copy.Chain) = (own, chain);
        _store.AddObjectReference(copy.Object);
        child.MappedPages += copy.Pages;
        child._tree.Insert(copy.Start, copy.End, copyId, ref promise.Nodes);
        _store.Cancel(ref promise);
        return true;
    }

    /// <summary>Drops all VMAs, whose pages have gone.</summary>
    internal void Clear(int cpu)
    {
        foreach (uint id in After(0))
        {
            ref Vma vma = ref At(id);
            _store.AnonVmas.Unlink(ref vma.AnonVma, ref vma.Chain, vma.PageOffset, vma.LastIndex);
            _store.DropObjectReference(cpu, vma.Object);
            _store.Vmas.Return(id);
        }

        _tree.Clear();
        MappedPages = 0;
        LockedPages = 0;
    }

    /// <summary>A first write in a VMA: a neighbour's anon_vma if the two could ever merge but for their protection, else a new one.</summary>
    /// <remarks>Under the mm lock, shared or alone, and no leaf's latch: the anon_vma table lies outside of it.</remarks>
    internal bool TryPrepareAnonVma(uint id)
    {
        ref Vma vma = ref At(id);
        uint shared = Sharable(Containing(vma.End), vma, vma.PageOffset + vma.Pages, vmaIsFirst: true);
        if (shared == 0 && vma.Start != 0)
        {
            shared = Sharable(Containing(vma.Start - 1), vma, vma.PageOffset, vmaIsFirst: false);
        }

        VmaInterval interval = new(id, vma.PageOffset, vma.LastIndex);
        return _store.AnonVmas.TryPrepare(ref vma.AnonVma, ref vma.Chain, shared, interval);
    }

    /// <summary>Makes every compatible VMA a candidate for merging or none. As Linux, without a try to merge VMAs that become alike.</summary>
    internal void SetMergeable(bool enabled)
    {
        foreach (uint id in After(0))
        {
            ref Vma vma = ref At(id);
            bool mergeable = enabled && !vma.Has(VmaFlags.Shared);
            vma.Flags = mergeable ? vma.Flags | VmaFlags.Mergeable : vma.Flags & ~VmaFlags.Mergeable;
        }
    }

    /// <summary>Checks A1 to A3, for a machine at rest.</summary>
    internal void Validate(StoreRecount recount)
    {
        _tree.Validate((id, start, end) => Invariant.Require(At(id).Start == start && At(id).End == end, "A1", start));
        ulong mapped = 0;
        ulong locked = 0;
        foreach (uint id in After(0))
        {
            ref Vma vma = ref At(id);
            mapped += vma.Pages;
            locked += vma.Has(VmaFlags.Locked) ? vma.Pages : 0;
            Invariant.Require(vma.End <= _store.PageLimit && vma.IndexOf(vma.End) <= 1UL << Sizes.IndexBits, "A3", vma.Start);
            Invariant.Require(vma.Space == Space, "A1", vma.Start);
            recount.AddVma(id, vma);
        }

        Invariant.Require(mapped == MappedPages && locked == LockedPages, "A2", 0);
    }

    private ref Vma At(uint id) => ref _store.Vmas[id];

    private uint Sharable(uint neighbour, in Vma vma, ulong boundary, bool vmaIsFirst)
    {
        if (neighbour == 0)
        {
            return 0;
        }

        ref Vma other = ref At(neighbour);
        bool contiguous = boundary == (vmaIsFirst ? other.PageOffset : other.PageOffset + other.Pages);
        bool alike = ((other.Flags ^ vma.Flags) & ~VmaFlags.Access) == VmaFlags.None
            && other.Object == vma.Object
            && other.Node == vma.Node;
        uint anonVma = Volatile.Read(ref other.AnonVma);
        return contiguous && alike && anonVma != 0 && _store.AnonVmas.IsSingular(other.Chain) ? anonVma : 0;
    }
}
