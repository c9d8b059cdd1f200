using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Memory;
using FastKsm.ReverseMapping;
using FastKsm.Simd;

namespace FastKsm.AddressSpaces;

/// <summary>From a frame to the pages that map it.</summary>
/// <remarks>
/// An anonymous frame names its anon_vma and its index; a merged one names its stable node, and the pages merged into it
/// name theirs: each is looked for in its own address space first, and after all of them in others, where forks that the
/// merger has not visited since have taken it. The caller has the frame locked and a reference to it.
/// Thread safety: all members may be called concurrently, for frames locked by the caller.
/// </remarks>
internal sealed class FrameWalker
{
    private readonly AddressSpaceStore _store;
    private readonly IMergedFrames _merged;
    private readonly Pruning _pruning;
    private readonly int _nodesPerHold;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="merged">Who knows about merged frames.</param>
    /// <param name="pruning">Which VMAs walks over merged frames look at.</param>
    /// <param name="nodesPerHold">Nodes after which a walk lets go of its lock for a moment; 0 for never.</param>
    internal FrameWalker(AddressSpaceStore store, IMergedFrames merged, Pruning pruning, int nodesPerHold)
    {
        _store = store;
        _merged = merged;
        _pruning = pruning;
        _nodesPerHold = nodesPerHold;
    }

    /// <summary>Walks over all pages that may map a frame.</summary>
    /// <param name="frame">An anonymous frame that is locked.</param>
    /// <param name="kind">What for.</param>
    /// <param name="tryOnly">Whether to give up rather than wait for a lock.</param>
    /// <param name="visitor">What to do.</param>
    internal WalkEnd Walk<TVisitor>(Pfn frame, WalkKind kind, bool tryOnly, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor
    {
        ref FrameRecord record = ref _store.Frames[frame];
        Debug.Assert(record.Has(FrameFlags.Locked | FrameFlags.Anonymous), "Only locked anonymous frames are walked.");
        if (!record.Has(FrameFlags.Ksm))
        {
            return WalkAnonymous(record.Mapping, record.Index, kind, tryOnly, ref visitor);
        }

        if (!_merged.TryEnter(frame, tryOnly, out uint list))
        {
            _store.AnonVmas.Statistics.CountContended(kind);
            return WalkEnd.Contended;
        }

        WalkEnd end = WalkMerged(list, kind, tryOnly, ref visitor);
        _merged.Exit(list);
        return end;
    }

    /// <summary>
    /// Walks over all pages that may map, or have an entry for, the page with an index of an anon_vma.
    /// </summary>
    /// <param name="anonVma">
    /// The anon_vma; the frame's mapping or its migration entries keep it, or the caller does.
    /// </param>
    /// <param name="index">Linear page index.</param>
    /// <param name="kind">What for.</param>
    /// <param name="tryOnly">Whether to give up rather than wait for a lock.</param>
    /// <param name="visitor">What to do.</param>
    internal WalkEnd WalkAnonymous<TVisitor>(uint anonVma, ulong index, WalkKind kind, bool tryOnly, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor
    {
        if (!_store.AnonVmas.TryHold(anonVma))
        {
            return WalkEnd.Complete; // Its last VMA has just gone, and with it the last mapping.
        }

        ByIndex<TVisitor> walk = new() { Store = _store, Index = index, Visitor = visitor };
        WalkEnd end = _store.AnonVmas.Walk(anonVma, index, new WalkOptions(kind, Pruning.PageIndex, tryOnly, _nodesPerHold), ref walk);
        visitor = walk.Visitor;
        _store.AnonVmas.Drop(anonVma);
        return end;
    }

    /// <summary>Walks over all pages that may map, or have an entry for, a merged frame.</summary>
    /// <param name="list">List of its pages, which the caller keeps.</param>
    /// <param name="kind">What for.</param>
    /// <param name="tryOnly">Whether to give up rather than wait for a lock.</param>
    /// <param name="visitor">What to do.</param>
    internal WalkEnd WalkMerged<TVisitor>(uint list, WalkKind kind, bool tryOnly, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor
    {
        WalkEnd end = WalkEnd.Complete;
        ByAddress<TVisitor> walk = new() { Store = _store, Visitor = visitor };
        WalkOptions options = new(kind, _pruning, tryOnly, _nodesPerHold);
        for (int pass = 0; pass < 2 && end == WalkEnd.Complete; pass++)
        {
            walk.InOwnSpace = pass == 0;
            for (uint id = _merged.FirstPlace(list); id != 0 && end == WalkEnd.Complete;)
            {
                id = _merged.NextPlace(id, out walk.Place);
                if (pass == 0)
                {
                    walk.FindOwn();
                }

                end = _store.AnonVmas.Walk(walk.Place.AnonVma, walk.Place.Index, options, ref walk);
            }
        }

        visitor = walk.Visitor;
        return end;
    }

    private static bool VisitAt<TVisitor>(AddressSpaceStore store, in Vma vma, ulong page, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor =>
        store.Spaces.Find(vma.Space) is not { } space || visitor.Visit(space, vma.Flags, page);

    // A record may lie in two cache lines.
    private static void PrefetchRecord(AddressSpaceStore store, uint vma)
    {
        ref readonly Vma record = ref store.Vmas[vma];
        MemoryHint.Prefetch(in record.Start);
        MemoryHint.Prefetch(in record.Space);
    }

    // A page of an anonymous frame lies where its index says.
    private struct ByIndex<TVisitor> : IRmapVisitor
        where TVisitor : struct, IMappingVisitor
    {
        internal required AddressSpaceStore Store;
        internal required ulong Index;
        internal required TVisitor Visitor;

        /// <inheritdoc/>
        public readonly void Prefetch(uint vma) => PrefetchRecord(Store, vma);

        /// <inheritdoc/>
        public readonly WalkVerdict Judge(uint vma) => WalkVerdict.Visit;

        /// <inheritdoc/>
        public bool Visit(uint vma)
        {
            ref Vma record = ref Store.Vmas[vma];
            return VisitAt(Store, record, record.Start + (Index - record.PageOffset), ref Visitor);
        }
    }

    // A merged page lies at the address where it was merged, in its own address space or in forks of it.
    private struct ByAddress<TVisitor> : IRmapVisitor
        where TVisitor : struct, IMappingVisitor
    {
        internal required AddressSpaceStore Store;
        internal required TVisitor Visitor;
        internal MergedPlace Place;
        internal bool InOwnSpace;
        private AddressSpace? _own;

        /// <inheritdoc/>
        public readonly void Prefetch(uint vma) => PrefetchRecord(Store, vma);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly WalkVerdict Judge(uint vma)
        {
            ref Vma record = ref Store.Vmas[vma];
            return Place.Page < record.Start || Place.Page >= record.End ? WalkVerdict.OtherAddress
                : (record.Space == Place.Space) != InOwnSpace ? WalkVerdict.OtherPass
                : WalkVerdict.Visit;
        }

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Visit(uint vma)
        {
            ref Vma record = ref Store.Vmas[vma];
            return InOwnSpace
                ? _own is null || Visitor.Visit(_own, record.Flags, Place.Page)
                : VisitAt(Store, record, Place.Page, ref Visitor);
        }

        // What can be known before a lock is held need not be found out under it.
        internal void FindOwn()
        {
            if (_own?.Id != Place.Space)
            {
                _own = Store.Spaces.Find(Place.Space);
            }

            _own?.Table.Prefetch(Place.Page);
        }
    }
}
