using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.ReverseMapping;

/// <summary>The graph of anon_vmas and chains of all address spaces.</summary>
/// <remarks>
/// A VMA appears as two words of its record: its own anon_vma, and the head of its chain (newest link first). Both are
/// zero, or neither. Rules for forking, reuse and freeing are Linux's.
/// Thread safety: all members may be called concurrently; one latch guards the graph. A VMA's two words change only here,
/// and from set to zero only under its mm lock held alone.
/// </remarks>
internal sealed class AnonVmaTable : IDisposable
{
    private readonly NativeSlab<AnonVma> _anonVmas;
    private readonly NativeSlab<AnonVmaLink> _links;
    private int _latch;

    /// <param name="capacity">Largest number of anon_vmas; links may be twice as many.</param>
    /// <param name="faults">Asked at every allocation.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal AnonVmaTable(uint capacity, AllocationFaults faults)
    {
        _anonVmas = new NativeSlab<AnonVma>(capacity, faults);
        _links = new NativeSlab<AnonVmaLink>(2 * capacity, faults);
    }

    /// <summary>anon_vmas that exist.</summary>
    internal uint Count => _anonVmas.LiveCount;

    /// <summary>Chain links that exist.</summary>
    internal uint LinkCount => _links.LiveCount;

    /// <summary>Bytes of both kinds of record in use.</summary>
    internal long UsedBytes => _anonVmas.UsedBytes + _links.UsedBytes;

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

    /// <summary>Gives a VMA without anon_vma a neighbour's, or a new one.</summary>
    /// <param name="own">The VMA's own anon_vma; may be set by another thread meanwhile, then nothing is done.</param>
    /// <param name="chain">Head of the VMA's chain.</param>
    /// <param name="shared">The neighbour's anon_vma, or 0 for a new one.</param>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPrepare(ref uint own, ref uint chain, uint shared)
    {
        if (!_links.TryPromise(1))
        {
            return false;
        }

        if (shared == 0 && !_anonVmas.TryPromise(1))
        {
            _links.CancelPromise(1);
            return false;
        }

        SpinLatch.Enter(ref _latch);
        bool lost = own != 0;
        if (!lost)
        {
            uint anonVma = shared != 0 ? shared : NewRoot();
            Link(ref chain, anonVma);
            _anonVmas[anonVma].Active++;
            Volatile.Write(ref own, anonVma);
        }

        SpinLatch.Exit(ref _latch);
        if (lost)
        {
            _links.CancelPromise(1);
            if (shared == 0)
            {
                _anonVmas.CancelPromise(1);
            }
        }

        return true;
    }

    /// <summary>Sets links aside for later clones.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryPromiseLinks(uint count) => _links.TryPromise(count);

    /// <summary>Gives up what is left of a promise.</summary>
    internal void CancelLinks(uint count) => _links.CancelPromise(count);

    /// <summary>Ties a new VMA of the same process to everything a VMA is tied to, out of promised links.</summary>
    /// <param name="own">Own anon_vma of the source, which becomes that of the copy too; may be 0.</param>
    /// <param name="chain">Chain of the source.</param>
    /// <returns>Head of the copy's chain.</returns>
    internal uint Clone(uint own, uint chain)
    {
        SpinLatch.Enter(ref _latch);
        uint copy = CloneLinks(chain);
        if (own != 0)
        {
            _anonVmas[own].Active++;
        }

        SpinLatch.Exit(ref _latch);
        return copy;
    }

    /// <summary>Ties a child's VMA to everything its parent's is tied to, and gives it an own anon_vma.</summary>
    /// <param name="parentOwn">Own anon_vma of the parent's VMA; not 0.</param>
    /// <param name="parentChain">Its chain.</param>
    /// <param name="own">The child's own anon_vma: one of the family that nobody owns any more, or a new one.</param>
    /// <param name="chain">Head of the child's chain.</param>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryFork(uint parentOwn, uint parentChain, out uint own, out uint chain)
    {
        Debug.Assert(parentOwn != 0, "A VMA without anonymous pages is forked without this.");
        own = 0;
        chain = 0;
        uint promised = LengthOf(parentChain) + 1;
        if (!_links.TryPromise(promised))
        {
            return false;
        }

        if (!_anonVmas.TryPromise(1))
        {
            _links.CancelPromise(promised);
            return false;
        }

        SpinLatch.Enter(ref _latch);
        chain = CloneLinks(parentChain);
        own = FindReusable(chain);
        bool reused = own != 0;
        if (!reused)
        {
            own = _anonVmas.TakePromised();
            uint root = _anonVmas[parentOwn].Root;
            _anonVmas[own] = new AnonVma { Parent = parentOwn, Root = root, References = 1 };
            _anonVmas[root].References++;
            _anonVmas[parentOwn].Children++;
            Link(ref chain, own);
        }

        _anonVmas[own].Active++;
        SpinLatch.Exit(ref _latch);
        if (reused)
        {
            _links.CancelPromise(1);
            _anonVmas.CancelPromise(1);
        }

        return true;
    }

    /// <summary>Cuts every tie of a VMA and zeroes its two words.</summary>
    internal void Unlink(ref uint own, ref uint chain)
    {
        if (chain == 0)
        {
            return;
        }

        SpinLatch.Enter(ref _latch);
        _anonVmas[own].Active--;
        for (uint link = chain; link != 0; link = _links[link].Next)
        {
            uint anonVma = _links[link].AnonVma;
            if (--_anonVmas[anonVma].Links == 0)
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
            if (_anonVmas[anonVma].Links == 0)
            {
                Release(anonVma);
            }
        }

        own = 0;
        chain = 0;
        SpinLatch.Exit(ref _latch);
    }

    /// <summary>A merged item names the anon_vma from now on, so it outlives its VMAs.</summary>
    internal void Hold(uint anonVma)
    {
        Debug.Assert(anonVma != 0, "A merged page has an anon_vma.");
        SpinLatch.Enter(ref _latch);
        _anonVmas[anonVma].References++;
        SpinLatch.Exit(ref _latch);
    }

    /// <summary>Takes <see cref="Hold"/> back.</summary>
    internal void Drop(uint anonVma)
    {
        SpinLatch.Enter(ref _latch);
        Release(anonVma);
        SpinLatch.Exit(ref _latch);
    }

    /// <summary>Counts everything again from the chains of all VMAs.</summary>
    internal AnonVmaRecount BeginRecount() => new(_anonVmas, _links);

    /// <inheritdoc/>
    public void Dispose()
    {
        _anonVmas.Dispose();
        _links.Dispose();
    }

    private uint NewRoot()
    {
        uint anonVma = _anonVmas.TakePromised();
        _anonVmas[anonVma] = new AnonVma { Parent = anonVma, Root = anonVma, References = 1, Children = 1 };
        return anonVma;
    }

    private void Link(ref uint chain, uint anonVma)
    {
        uint link = _links.TakePromised();
        _links[link] = new AnonVmaLink { AnonVma = anonVma, Next = chain };
        _anonVmas[anonVma].Links++;
        chain = link;
    }

    // Keeps the order, newest first.
    private uint CloneLinks(uint chain)
    {
        uint head = 0;
        uint tail = 0;
        for (; chain != 0; chain = _links[chain].Next)
        {
            uint link = _links.TakePromised();
            uint anonVma = _links[chain].AnonVma;
            _links[link] = new AnonVmaLink { AnonVma = anonVma };
            _anonVmas[anonVma].Links++;
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
            Debug.Assert(_anonVmas[anonVma] is { Active: 0, Children: 0, Links: 0 }, "A live anon_vma was freed.");
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
