using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <content>Accesses.</content>
internal sealed unsafe partial class CpuTlb
{
    private const ulong MayRead = (ulong)TranslationBits.Valid;
    private const ulong MayWrite = (ulong)(TranslationBits.Valid | TranslationBits.Writable | TranslationBits.Dirty);

    /// <summary>First-level hits.</summary>
    internal long Hits => (long)(_state->Begun - _state->NotHits);

    /// <summary>The driver begins an access that needs no page table: either level of the TLB will do.</summary>
    /// <param name="page">The page.</param>
    /// <param name="writes">
    /// Whether it stores, for which the entry must be writable and have been dirty when it was filled.
    /// </param>
    /// <param name="frame">The frame.</param>
    /// <returns>
    /// True inside the section, which <see cref="End"/> ends; false outside, and nothing has happened.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryBegin(ulong page, bool writes, out Pfn frame)
    {
        CpuTlbState* state = _state;
        ulong needed = writes ? MayWrite : MayRead;
        ulong key = Publish(state, page);

        // The section stands before the flag is looked at, as far as a flush can tell. The flush sets the flag, then
        // makes a barrier on this thread, then looks at the section. So either it sees the section, and waits, or the
        // flag is seen here. Without the barrier this load could be done before the store above is visible, and neither
        // would see the other. The barrier is the flush's, for all threads at once; or with full fences each access's
        // own, and then the flag is always set.
        ulong value = 0;
        if (Volatile.Read(ref state->Pending) == 0)
        {
            value = CacheArray.Find(&((CacheState*)(state + 1))->L1, page, key);
        }

        if ((value & needed) == needed)
        {
            frame = TranslationCache.FrameOf(value);
            return true;
        }

        value = BeginSlowly(page, needed, value);
        frame = TranslationCache.FrameOf(value);
        return value != 0;
    }

    /// <summary>The same by the second level only; the first holds then what was found.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool TryBeginL2(ulong page, bool writes, out Pfn frame)
    {
        BeginDrained(page);
        _state->NotHits++;
        ulong needed = writes ? MayWrite : MayRead;
        if (_cache.FindInL2(page, _state->Tag, out ulong value) && (value & needed) == needed)
        {
            frame = TranslationCache.FrameOf(value);
            return true;
        }

        End();
        frame = default;
        return false;
    }

    /// <summary>
    /// The driver begins an access through what it has read in the page table. It still holds the leaf's latch, and has
    /// set accessed, and for a store dirty, in the entry.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="translation">What the entry says now; of a huge mapping with the frame of its first page.</param>
    /// <param name="writes">Whether it stores.</param>
    /// <returns>The page's frame. <see cref="End"/> ends the section, after the latch has been left.</returns>
    internal Pfn BeginFilled(ulong page, Translation translation, bool writes)
    {
        Debug.Assert(!writes || translation.StoresSilently, "A store through an entry that is not writable and dirty.");

        // A flush that has changed the entry since, or will, takes the leaf's latch for it: either the entry was read
        // after the change, or the change comes after the latch has been left, when the section stands and the entry is
        // in the TLB, so that the flush finds both. Requests that are older come first, for they would take the new
        // entry away: not wrong, but for nothing.
        BeginDrained(page);
        Debug.Assert(_running is not null && _loaded == _running, "An access on a CPU that runs nothing.");
        _state->NotHits++;
        if (_engine.Bug == PlantedBug.DirtyRuleIgnored && translation.Has(TranslationBits.Writable))
        {
            translation = translation with { Bits = translation.Bits | TranslationBits.Dirty };
        }

        _cache.Fill(page, _state->Tag, translation);
        return translation.At((int)(page & (Sizes.HugePages - 1))).Frame;
    }

    /// <summary>The access is over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void End()
    {
        Debug.Assert(_state->Section != 0, "The end of no access.");

        // Release store: were it visible before the last byte of the access, a flush could let the frame be reused
        // under it.
        Volatile.Write(ref _state->Section, 0);
    }

    /// <summary>The driver does what others have asked for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Drain()
    {
        Debug.Assert(_state->Section == 0, "Requests are handled outside of accesses.");
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
        HandleAll(returns: true);
        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
    }

    // Begins a section, with what the page's translation is looked for under.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Publish(CpuTlbState* state, ulong page)
    {
        Debug.Assert(state->Section == 0, "Two accesses at once on a CPU.");
        Debug.Assert(_driver is null || _driver == Thread.CurrentThread, "An access by another than the driver.");
        ulong key = TranslationCache.KeyOf(page, state->Tag);
        state->Begun++;
        Volatile.Write(ref state->Section, key);
        return key;
    }

    // In a section that did not find what it needs at once. The value that does, inside; or 0, outside.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong BeginSlowly(ulong page, ulong needed, ulong found)
    {
        ulong key = TranslationCache.KeyOf(page, _state->Tag);
        if (Volatile.Read(ref _state->Pending) != 0)
        {
            End();
            _state->NotHits++;
            BeginDrained(page);
            key = TranslationCache.KeyOf(page, _state->Tag);
            found = CacheArray.Find(&((CacheState*)(_state + 1))->L1, page, key);
            if ((found & needed) == needed)
            {
                return found;
            }
        }

        // An entry that does not permit the store stands in both levels: the page table has to be asked.
        if (found == 0)
        {
            ulong value = _cache.MayHoldHuge ? _cache.FindHuge(page, _state->Tag) : 0;
            if ((value & needed) == needed)
            {
                return value;
            }

            if (value == 0)
            {
                _state->NotHits++;
                value = _cache.FindMissingInL2(page, key);
                if (value == 0 && _cache.MayHoldHuge)
                {
                    _ = _cache.FindInL2(page, _state->Tag, out value);
                }

                if ((value & needed) == needed)
                {
                    return value;
                }

                End();
                return 0;
            }
        }

        End();
        _state->NotHits++;
        return 0;
    }

    // Inside a section before which everything that others have asked for has been done.
    private void BeginDrained(ulong page)
    {
        _ = Publish(_state, page);
        int pending = Volatile.Read(ref _state->Pending);
        while (pending != 0)
        {
            if ((pending & (int)Pending.Fence) != 0)
            {
                // The section is visible before the flag is looked at for good; the flush has the other half of the
                // fence.
                Interlocked.MemoryBarrier();
                pending = Volatile.Read(ref _state->Pending) & ~(int)Pending.Fence;
                if (pending == 0)
                {
                    return;
                }
            }

            End();
            _state->NotHits++;
            Drain();
            _ = Publish(_state, page);
            pending = Volatile.Read(ref _state->Pending);
        }
    }
}
