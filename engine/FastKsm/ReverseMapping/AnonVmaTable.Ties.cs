using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.ReverseMapping;

/// <content>Ties of VMAs to anon_vmas: copied, moved, forked and cut.</content>
internal sealed partial class AnonVmaTable
{
    /// <summary>Ties a new VMA of the same process to everything a VMA is tied to. Under <see cref="EnterWrite"/>.</summary>
    /// <param name="own">Own anon_vma of the source, which becomes that of the copy too; may be 0.</param>
    /// <param name="chain">Chain of the source.</param>
    /// <param name="copy">The new VMA.</param>
    /// <param name="promise">Records promised; lowered by those used.</param>
    /// <returns>Head of the copy's chain.</returns>
    internal uint Clone(uint own, uint chain, in VmaInterval copy, ref IntervalPromise promise)
    {
        SpinLatch.Enter(ref _latch, LockRank.AnonVmaTable);
        uint head = CloneLinks(chain, copy, ref promise);
        if (own != 0)
        {
            _anonVmas[own].Active++;
        }

        SpinLatch.Exit(ref _latch, LockRank.AnonVmaTable);
        return head;
    }

    /// <summary>Takes a VMA out of all indexes, so that its interval may change. Under <see cref="EnterWrite"/>.</summary>
    internal void Detach(uint chain, ulong first)
    {
        for (; chain != 0; chain = _links[chain].Next)
        {
            ref AnonVmaLink link = ref _links[chain];
            _index.Remove(ref _anonVmas[link.AnonVma].Intervals, first, link.Sequence);
        }
    }

    /// <summary>Takes <see cref="Detach"/> back, with another interval. Under the same hold.</summary>
    internal void Attach(uint chain, in VmaInterval interval, ref IntervalPromise promise)
    {
        for (; chain != 0; chain = _links[chain].Next)
        {
            Enter(ref _links[chain], interval, ref promise);
        }
    }

    /// <summary>Ties a child's VMA to everything its parent's is tied to, and gives it an own anon_vma.</summary>
    /// <param name="parentOwn">Own anon_vma of the parent's VMA; not 0.</param>
    /// <param name="parentChain">Its chain.</param>
    /// <param name="child">The child's VMA, whose record walks may read from now on.</param>
    /// <param name="own">The child's own anon_vma: one of the family that nobody owns any more, or a new one.</param>
    /// <param name="chain">Head of the child's chain.</param>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryFork(uint parentOwn, uint parentChain, in VmaInterval child, out uint own, out uint chain)
    {
        Debug.Assert(parentOwn != 0, "A VMA without anonymous pages is forked without this.");
        own = 0;
        chain = 0;
        if (!TryPromise(LengthOf(parentChain) + 1, out IntervalPromise promise))
        {
            return false;
        }

        if (!_anonVmas.TryPromise(1))
        {
            Cancel(ref promise);
            return false;
        }

        FamilyHold hold = EnterWrite(parentOwn, child.First, child.Last);
        SpinLatch.Enter(ref _latch, LockRank.AnonVmaTable);
        chain = CloneLinks(parentChain, child, ref promise);
        own = FindReusable(chain);
        bool reused = own != 0;
        if (!reused)
        {
            own = _anonVmas.TakePromised();
            uint root = _anonVmas[parentOwn].Root;
            _anonVmas[own] = new AnonVma { Parent = parentOwn, Root = root, References = 1 };
            _anonVmas[root].References++;
            _anonVmas[parentOwn].Children++;
            Link(ref chain, own, child, ref promise);
        }

        _anonVmas[own].Active++;
        SpinLatch.Exit(ref _latch, LockRank.AnonVmaTable);
        ExitWrite(hold);
        Cancel(ref promise);
        if (reused)
        {
            _anonVmas.CancelPromise(1);
        }

        return true;
    }

    /// <summary>Cuts every tie of a VMA and zeroes its two words.</summary>
    internal void Unlink(ref uint own, ref uint chain, ulong first, ulong last)
    {
        if (chain != 0)
        {
            FamilyHold hold = EnterWrite(own, first, last);
            uint root = hold.Root;
            Hold(root);
            UnlinkHeld(ref own, ref chain, first);
            ExitWrite(hold);

            // The locks are found by the root, so it goes last.
            Drop(root);
        }
    }

    /// <summary>The same, under <see cref="EnterWrite"/>, for a VMA whose family keeps another.</summary>
    internal void UnlinkHeld(ref uint own, ref uint chain, ulong first)
    {
        if (chain == 0)
        {
            return;
        }

        Detach(chain, first);
        SpinLatch.Enter(ref _latch, LockRank.AnonVmaTable);
        _anonVmas[own].Active--;
        for (uint link = chain; link != 0; link = _links[link].Next)
        {
            uint anonVma = _links[link].AnonVma;
            if (_anonVmas[anonVma].Intervals.Count == 0)
            {
                _anonVmas[_anonVmas[anonVma].Parent].Children--;
            }
        }

        // Freed only now: a root must outlive the count of the children that this same chain empties.
        for (uint link = chain; link != 0;)
        {
            (uint anonVma, uint next) = (_links[link].AnonVma, _links[link].Next);
            _links.Return(link);
            link = next;
            if (_anonVmas[anonVma].Intervals.Count == 0)
            {
                Release(anonVma);
            }
        }

        own = 0;
        chain = 0;
        SpinLatch.Exit(ref _latch, LockRank.AnonVmaTable);
    }
}
