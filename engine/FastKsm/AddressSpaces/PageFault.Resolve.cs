using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>What is done about an entry, under the latch of its leaf.</content>
internal ref partial struct PageFault
{
    // Does what can be done at once; else says what is needed. Under the latch.
    private Preparation Resolve(ref LeafEdit edit, ref Vma vma, int position)
    {
        LeafKind kind = edit.Kind;
        Pte pte = edit.Get(position);
        if (pte.IsBusy || pte.IsMigration)
        {
            return Preparation.Wait;
        }

        if (kind == LeafKind.Huge)
        {
            Preparation needs = ResolveHuge(ref edit, ref vma, out bool split);
            if (!split)
            {
                return needs;
            }

            pte = edit.Get(position);
        }
        else if (kind == LeafKind.None && _wantsHuge && !_hugeRefused)
        {
            return MapHuge(ref edit, ref vma);
        }

        return pte.IsEmpty ? ResolveEmpty(ref edit, ref vma, position)
            : pte.IsSwap ? ResolveSwap(ref edit, ref vma, position, pte)
            : ResolvePresent(ref edit, ref vma, position, pte);
    }

    private Preparation ResolveEmpty(ref LeafEdit edit, ref Vma vma, int position)
    {
        if (_kind == FaultKind.Unshare)
        {
            return Preparation.None;
        }

        if (vma.Object == 0)
        {
            if (_kind == FaultKind.Read && _space.Store.ZeroFrames.ForReads)
            {
                edit.Install(position, Pte.MapZero(_frames.ZeroFrameOf(_page), accessible: true).WithAccessed(true));
                Did(Fault.ZeroFrame);
                return Preparation.None;
            }

            if (_has != Preparation.Zeroed)
            {
                // What was to be copied has gone. Were it still noted, and the page merged into that frame again before
                // the next look, the frame of zeroes would pass for its copy.
                DropReferences();
                return Preparation.Zeroed;
            }

            // A debugger's write into a mapping that permits none leaves a clean PTE, as on Linux. So does a read that
            // takes a frame; where the mapping permits writing, such a read leaves a dirty and writable one.
            InstallOwn(ref edit, vma, position, writable: true, dirty: vma.Has(VmaFlags.Write));
            Did(Fault.NewFrame);
            return Preparation.None;
        }

        if (_has != Preparation.Backing)
        {
            return Preparation.Backing;
        }

        if (_kind == FaultKind.Read || vma.Has(VmaFlags.Shared))
        {
            // The object keeps the frame as long as the VMA maps it.
            _frames.AddMapping(_frame, _space.Id);
            _space.Counts.AddResident(_frames[_frame], 1);
            bool writable = vma.Has(VmaFlags.Shared | VmaFlags.Write);
            bool accessible = (vma.Flags & VmaFlags.Access) != VmaFlags.None;
            edit.Install(position, Pte.Map(_frame, accessible).WithWritable(writable).WithAccessed(true));
            _has = Preparation.None;
            Did(Fault.Backed);
        }
        else
        {
            InstallOwn(ref edit, vma, position, writable: true, dirty: true);
            Did(Fault.Copied);
        }

        return Preparation.None;
    }

    // A paged-out page comes back as this address space's own: nothing shares a frame with it, so it may be written at
    // once.
    private Preparation ResolveSwap(ref LeafEdit edit, ref Vma vma, int position, Pte entry)
    {
        if (_has != Preparation.SwapIn || _for != entry)
        {
            DropReferences();
            _space.Store.Swap.AddReference(entry.Entry.Offset);
            _for = entry;
            return Preparation.SwapIn;
        }

        _has = Preparation.None;
        InstallOwn(ref edit, vma, position, writable: true, dirty: Writes);
        PageZap.EntryGone(_space, entry);
        _space.Store.Swap.Release(entry.Entry.Offset);
        _for = default;
        Did(Fault.SwappedIn);
        _cameBack = true;
        return ResolvePresent(ref edit, ref vma, position, edit.Get(position));
    }

    private Preparation ResolvePresent(ref LeafEdit edit, ref Vma vma, int position, Pte pte)
    {
        if (_kind == FaultKind.Read || (Writes && pte.IsWritable))
        {
            return Preparation.None;
        }

        if (vma.Has(VmaFlags.Shared))
        {
            if (Writes)
            {
                edit.Loosen(position, pte.WithWritable(true));
                Did(Fault.Reused);
            }

            return Preparation.None;
        }

        // With a copy at hand the entry is what it was when the copy was made; the reference to it kept the frame as it
        // was.
        bool ready = _has is Preparation.Copy or Preparation.Zeroed && _for == pte;
        ref FrameRecord frame = ref _frames[pte.Frame];
        if (!ready && CanReuse(ref frame, vma, pte))
        {
            bool writable = Writes && vma.Has(VmaFlags.Write);
            edit.Loosen(position, pte.WithWritable(writable || pte.IsWritable).WithDirty(Writes || pte.IsDirty));
            Did(Fault.Reused);
            return Preparation.None;
        }

        // Unsharing concerns pages that others may share; a page of a file, or the plain zero page, has no owner to
        // lose.
        if (_kind == FaultKind.Unshare && !frame.Has(FrameFlags.Anonymous) && !(pte.IsZeroFrame && pte.IsDirty))
        {
            return Preparation.None;
        }

        if (!ready)
        {
            DropReferences();
            _for = pte;
            if (pte.IsZeroFrame)
            {
                return Preparation.Zeroed;
            }

            _frames.HolderOf(pte.Frame).AddReference();
            return Preparation.Copy;
        }

        edit.Take(position, Pte.Busy(pte.Frame));
        return Preparation.Flush;
    }

    // Whether the frame may go on serving this PTE alone. Makes it exclusive if so.
    private readonly bool CanReuse(ref FrameRecord frame, in Vma vma, Pte pte)
    {
        if (frame.Has(FrameFlags.Anonymous | FrameFlags.Exclusive))
        {
            return true;
        }

        // A merged frame is copied even for its last mapper: its stable node holds no reference, so one reference
        // proves nothing. For any other frame the one reference is that of this PTE, whose latch is held.
        if (!frame.Has(FrameFlags.Anonymous) || frame.Has(FrameFlags.Ksm))
        {
            return false;
        }

        bool alone = frame.Has(FrameFlags.Huge) ? _frames.HugeFrameOf(pte.Frame).IsMappedByOne : frame.References == 1;
        if (alone)
        {
            frame.Mapping = vma.AnonVma;
            frame.Set(FrameFlags.Exclusive);
        }

        return alone;
    }

    // The old translation has gone before the new frame shows, and the old frame's count falls last: were it to fall
    // first, its other owner could take it for its own while a CPU still reads it through this page.
    private void Replace(ref LeafEdit edit, ref Vma vma, int position)
    {
        _space.Pay(_cpu, FlushSite.CopyOnWrite, edit.Debt);
        Pte old = _for;
        edit = new LeafEdit(_space.Table, edit.Leaf, _page);
        Debug.Assert(edit.Get(position).IsBusy, "Only the thread that has put a marker there takes it away.");

        // An unshared copy stays clean until it is written: while forks share it, ksmd does not count its references.
        InstallOwn(ref edit, vma, position, writable: Writes, dirty: Writes);
        Fill(ref edit, position);
        edit.Exit();
        Did(Fault.Copied);
        if (old.IsZeroFrame)
        {
            _space.CountMergerZeroPages(old.IsDirty ? -1 : 0);
            return;
        }

        ref FrameRecord frame = ref _frames[old.Frame];
        if (frame.Has(FrameFlags.Ksm))
        {
            _space.Store.CountMergedFrameCopied();
        }

        _space.Counts.AddResident(frame, -1);
        PageZap.Unmapped(_space, old);
        _frames.Release(_cpu, old.Frame);

        // The reference that kept it for the copy.
        _frames.Release(_cpu, old.Frame);
    }

    // Maps the prepared frame, which only this thread knows, as the private anonymous page of this entry.
    private void InstallOwn(ref LeafEdit edit, in Vma vma, int position, bool writable, bool dirty)
    {
        FrameOwner.MapOwn(_space, edit, vma, _page, position, _frame, writable, dirty);
        _has = Preparation.None;
    }

    // A fault on a page of a huge mapping. Split: the page is to be looked at by itself.
    private Preparation ResolveHuge(ref LeafEdit edit, ref Vma vma, out bool split)
    {
        Pte entry = edit.Whole;
        split = false;
        if (_kind == FaultKind.Read || (Writes && entry.IsWritable) || (!Writes && entry.IsZeroFrame))
        {
            Did(Fault.Huge);
            return Preparation.None;
        }

        if (entry.IsZeroFrame)
        {
            if (_has != Preparation.Huge && !_hugeRefused)
            {
                return Preparation.Huge;
            }

            if (_has == Preparation.Huge)
            {
                edit.MarkWhole();
                edit.Exit();
                _space.PayHuge(_cpu, FlushSite.HugeZeroReplaced, edit.Debt);
                edit = new LeafEdit(_space.Table, edit.Leaf, _page);
                InstallHuge(ref edit, vma);
                return Preparation.None;
            }
        }
        else
        {
            HugeFrame huge = _frames.HugeFrameOf(entry.Frame);
            if (huge.Head.Has(FrameFlags.Exclusive) || HugeMapping.TryOwn(vma, huge))
            {
                Pte owned = entry.WithDirty(Writes || entry.IsDirty);
                edit.LoosenWhole(owned.WithWritable(entry.IsWritable || (Writes && vma.Has(VmaFlags.Write))));
                Did(Fault.Huge);
                return Preparation.None;
            }
        }

        HugeMapping.Split(_space, ref edit);
        split = true;
        return Preparation.None;
    }

    // Maps a block of which nothing is mapped. Without 512 frames in a row the page is mapped by itself.
    private Preparation MapHuge(ref LeafEdit edit, ref Vma vma)
    {
        if (_kind == FaultKind.Read && _space.Store.ZeroFrames.ForReads)
        {
            bool accessible = (vma.Flags & VmaFlags.Access) != VmaFlags.None;
            edit.InstallWhole(Pte.MapZero(PhysicalMemory.AnyZeroFrame, accessible).WithAccessed(true));
            Did(Fault.Huge);
            return Preparation.None;
        }

        if (_has != Preparation.Huge)
        {
            return Preparation.Huge;
        }

        InstallHuge(ref edit, vma);
        return Preparation.None;
    }

    private void InstallHuge(ref LeafEdit edit, in Vma vma)
    {
        HugeMapping.Install(_space, edit, vma, _frame);
        _has = Preparation.None;
        Did(Fault.Huge);
    }

    // What a page that came back needs further does not hide where it came from.
    private void Did(Fault fault) => _did = _cameBack ? Fault.SwappedIn : fault;
}
