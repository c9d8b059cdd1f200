using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.ReverseMapping;

/// <summary>The graph of anon_vmas and chains of all address spaces, and the intervals of the VMAs in it.</summary>
/// <remarks>
/// A VMA appears as two words of its record, its own anon_vma and the head of its chain (newest link first), both zero or
/// neither, and as its interval. Rules for forking, reuse and freeing are Linux's.
/// Thread safety: all members may be called concurrently. A VMA's two words change only here, and from set to zero only
/// under its mm lock held alone. Trees change under <see cref="EnterWrite"/>, counts under one latch inside of it.
/// </remarks>
internal sealed partial class AnonVmaTable : IDisposable
{
    private readonly NativeSlab<AnonVma> _anonVmas;
    private readonly NativeSlab<AnonVmaLink> _links;
    private readonly IntervalIndex _index;
    private readonly FamilyLocks _locks = new();
    private readonly Func<uint, uint> _chainOf;
    private int _latch;

    /// <param name="capacity">Largest number of anon_vmas; links may be twice as many.</param>
    /// <param name="faults">Asked at every allocation.</param>
    /// <param name="chainOf">Head of the chain of a VMA.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal AnonVmaTable(uint capacity, AllocationFaults faults, Func<uint, uint> chainOf)
    {
        _chainOf = chainOf;
        _anonVmas = new NativeSlab<AnonVma>(capacity, faults);
        _links = new NativeSlab<AnonVmaLink>(2 * capacity, faults);
        _index = new IntervalIndex(2 * capacity, faults);
    }

    /// <summary>anon_vmas that exist.</summary>
    internal uint Count => _anonVmas.LiveCount;

    /// <summary>Chain links that exist.</summary>
    internal uint LinkCount => _links.LiveCount;

    /// <summary>Bytes of all records in use.</summary>
    internal long UsedBytes => _anonVmas.UsedBytes + _links.UsedBytes + _index.UsedBytes;

    /// <summary>Whether a chain has one link at most: the VMA came to its anon_vma by itself, not by fork.</summary>
    internal bool IsSingular(uint chain) => chain == 0 || _links[chain].Next == 0;

    /// <summary>Number of links of a chain.</summary>
    internal uint LengthOf(uint chain)
    {
        uint length = 0;
        for (; chain != 0; chain = _links[chain].Next)
        {
            length++;
        }

        return length;
    }

    /// <summary>Whether a chain names this anon_vma.</summary>
    internal bool Contains(uint chain, uint anonVma)
    {
        while (chain != 0 && _links[chain].AnonVma != anonVma)
        {
            chain = _links[chain].Next;
        }

        return chain != 0;
    }

    /// <summary>Takes the locks of a family alone, as far as a run of page indexes reaches: VMAs within it may change.</summary>
    /// <param name="anonVma">An anon_vma of the family; 0 for none, which takes nothing.</param>
    /// <param name="first">First page index of what is to change, before or after.</param>
    /// <param name="last">Last page index of it.</param>
    internal FamilyHold EnterWrite(uint anonVma, ulong first, ulong last)
    {
        if (anonVma == 0)
        {
            return default;
        }

        uint root = _anonVmas[anonVma].Root;
        ref int striped = ref _anonVmas[root].Striped;
        for (; ; )
        {
            bool isStriped = Volatile.Read(ref striped) != 0;
            FamilyHold hold = _locks.EnterRanges(root, first, last, isStriped);
            if (isStriped == (Volatile.Read(ref striped) != 0))
            {
                _locks.Structure(root).EnterWrite();
                return hold;
            }

            _locks.ExitRanges(hold);
        }
    }

    /// <summary>Gives <see cref="EnterWrite"/> back.</summary>
    internal void ExitWrite(in FamilyHold hold)
    {
        if (hold.Root != 0)
        {
            _locks.Structure(hold.Root).ExitWrite();
            _locks.ExitRanges(hold);
        }
    }

    /// <summary>Gives a VMA without anon_vma a neighbour's, or a new one.</summary>
    /// <param name="own">The VMA's own anon_vma; may be set by another thread meanwhile, then nothing is done.</param>
    /// <param name="chain">Head of the VMA's chain.</param>
    /// <param name="shared">The neighbour's anon_vma, or 0 for a new one.</param>
    /// <param name="interval">The VMA.</param>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPrepare(ref uint own, ref uint chain, uint shared, in VmaInterval interval)
    {
        if (!TryPromise(1, out IntervalPromise promise))
        {
            return false;
        }

        if (shared == 0 && !_anonVmas.TryPromise(1))
        {
            Cancel(ref promise);
            return false;
        }

        FamilyHold hold = EnterWrite(shared, interval.First, interval.Last);
        SpinLatch.Enter(ref _latch, LockRank.AnonVmaTable);
        bool lost = own != 0;
        if (!lost)
        {
            // A new anon_vma is nobody's before the VMA's word names it, and needs no lock.
            uint anonVma = shared != 0 ? shared : NewRoot();
            Link(ref chain, anonVma, interval, ref promise);
            _anonVmas[anonVma].Active++;
            Volatile.Write(ref own, anonVma);
        }

        SpinLatch.Exit(ref _latch, LockRank.AnonVmaTable);
        ExitWrite(hold);
        Cancel(ref promise);
        if (lost && shared == 0)
        {
            _anonVmas.CancelPromise(1);
        }

        return true;
    }

    /// <summary>Sets aside what the insertion of some intervals, with their links, may need.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPromise(uint insertions, out IntervalPromise promise)
    {
        promise = default;
        if (!_links.TryPromise(insertions))
        {
            return false;
        }

        if (!_index.TryPromise(insertions, ref promise))
        {
            _links.CancelPromise(insertions);
            return false;
        }

        promise.Links = insertions;
        return true;
    }

    /// <summary>Gives up what is left of a promise.</summary>
    internal void Cancel(ref IntervalPromise promise)
    {
        _links.CancelPromise(promise.Links);
        _index.Cancel(ref promise);
        promise.Links = 0;
    }

    /// <summary>Somebody names the anon_vma from now on, a merged item or a walk, so it outlives its VMAs.</summary>
    internal void Hold(uint anonVma)
    {
        Debug.Assert(anonVma != 0, "A merged page has an anon_vma.");
        SpinLatch.Enter(ref _latch, LockRank.AnonVmaTable);
        _anonVmas[anonVma].References++;
        SpinLatch.Exit(ref _latch, LockRank.AnonVmaTable);
    }

    /// <summary>Takes <see cref="Hold"/> back.</summary>
    internal void Drop(uint anonVma)
    {
        SpinLatch.Enter(ref _latch, LockRank.AnonVmaTable);
        Release(anonVma);
        SpinLatch.Exit(ref _latch, LockRank.AnonVmaTable);
    }

    /// <summary>Counts everything again from the chains of all VMAs.</summary>
    internal AnonVmaRecount BeginRecount() => new(_anonVmas, _links, _index);

    /// <inheritdoc/>
    public void Dispose()
    {
        _index.Dispose();
        _anonVmas.Dispose();
        _links.Dispose();
    }

    private uint NewRoot()
    {
        uint anonVma = _anonVmas.TakePromised();
        _anonVmas[anonVma] = new AnonVma { Parent = anonVma, Root = anonVma, References = 1, Children = 1 };
        return anonVma;
    }

    private void Link(ref uint chain, uint anonVma, in VmaInterval interval, ref IntervalPromise promise)
    {
        promise.Links--;
        uint link = _links.TakePromised();
        _links[link] = new AnonVmaLink { AnonVma = anonVma, Next = chain };
        Enter(ref _links[link], interval, ref promise);
        chain = link;
    }

    // Keeps the order, newest first.
    private uint CloneLinks(uint chain, in VmaInterval copy, ref IntervalPromise promise)
    {
        uint head = 0;
        uint tail = 0;
        for (; chain != 0; chain = _links[chain].Next)
        {
            promise.Links--;
            uint link = _links.TakePromised();
            _links[link] = new AnonVmaLink { AnonVma = _links[chain].AnonVma };
            Enter(ref _links[link], copy, ref promise);
            if (tail == 0)
            {
                head = link;
            }
            else
            {
                _links[tail].Next = link;
            }

            tail = link;
        }

        return head;
    }

    private void Enter(ref AnonVmaLink link, in VmaInterval interval, ref IntervalPromise promise)
    {
        uint anonVma = link.AnonVma;
        ref IntervalRoot intervals = ref _anonVmas[anonVma].Intervals;
        uint sequence = _index.Insert(ref intervals, interval.First, interval.Last, interval.Vma, ref promise, out bool ranOut);
        if (ranOut)
        {
            TellAll(in intervals, anonVma, interval.First);
        }

        link.Sequence = sequence;
        if (intervals.Count > SomeIntervals.Capacity)
        {
            // Under the one lock of the family, or one of its stripes.
            Volatile.Write(ref _anonVmas[_anonVmas[anonVma].Root].Striped, 1);
        }
    }

    // Rare beyond measure, so it may allocate, and tells all that have this start.
    private void TellAll(in IntervalRoot intervals, uint anonVma, ulong start) =>
        _index.ForEachAt(in intervals, start, (vma, number) => Tell(vma, anonVma, number));

    private void Tell(uint vma, uint anonVma, uint sequence)
    {
        uint link = _chainOf(vma);
        while (link != 0 && _links[link].AnonVma != anonVma)
        {
            link = _links[link].Next;
        }

        if (link != 0)
        {
            _links[link].Sequence = sequence;
        }
    }

    // The oldest that no VMA owns and that has one child at most; this bounds endless chains of forks.
    private uint FindReusable(uint chain)
    {
        uint found = 0;
        for (; chain != 0; chain = _links[chain].Next)
        {
            uint anonVma = _links[chain].AnonVma;
            if (_anonVmas[anonVma] is { Active: 0, Children: <= 1 })
            {
                found = anonVma;
            }
        }

        return found;
    }

    private void Release(uint anonVma)
    {
        while (--_anonVmas[anonVma].References == 0)
        {
            Debug.Assert(_anonVmas[anonVma] is { Active: 0, Children: 0, Intervals.Count: 0 }, "A live anon_vma was freed.");
            uint root = _anonVmas[anonVma].Root;
            _anonVmas.Return(anonVma);
            if (root == anonVma)
            {
                return;
            }

            anonVma = root;
        }
    }
}
