using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <summary>A TLB without bounds that checks: it knows every translation that some CPU could hold.</summary>
/// <remarks>
/// It supposes the worst: every CPU has filled its TLB with every entry that was ever visible, and forgets it when it
/// is flushed and not before. So what a CPU could hold is what the page tables say, and what they have said since the
/// last flush. The first need not be stored: the oracle keeps the second, which is empty but while something is being
/// changed.  What it fails on (numbers of the reference's section 8.2): a frame that becomes free while a stale
/// translation leads to it (I2); a page table freed while a CPU may walk through it (I3); an access, or the end of an
/// operation, with a flush still owed by the thread (I4); another frame shown for a page before its old translation is
/// flushed (I32); a content relied on while a CPU could store to it without a fault (I16); references counted before
/// the flush (I31).  A fault is noted where it happens, under whatever latch, and thrown by <see cref="ThrowIfBroken"/>
/// when no latch is held. Flushes name no CPU yet; when they do, so must stale translations. Thread safety: all members
/// may be called concurrently. Its lock is the innermost of all.
/// </remarks>
internal sealed class TranslationOracle : IFrameGuard
{
    private const int NoThread = 0;

    private readonly Lock _lock = new();
    private readonly Dictionary<uint, TablePlace> _tables = [];
    private readonly Dictionary<TablePlace, List<StaleTranslation>> _stale = [];
    private readonly Dictionary<Pfn, int> _leadingTo = [];
    private readonly Dictionary<uint, TablePlace> _unlinked = [];
    private readonly Stack<List<StaleTranslation>> _spare = new();

    private int _stalePages;
    private int _unlinkedTables;
    private string? _fault;

    /// <summary>The first fault; null while there is none.</summary>
    internal string? Fault => Volatile.Read(ref _fault);

    private bool IsClean => Volatile.Read(ref _stalePages) == 0;

    /// <summary>A page table is about to be linked.</summary>
    /// <param name="leaf">Its id.</param>
    /// <param name="space">Address space.</param>
    /// <param name="firstPage">First of its pages.</param>
    internal void TableLinked(uint leaf, uint space, ulong firstPage)
    {
        lock (_lock)
        {
            _tables[leaf] = new TablePlace(space, firstPage);
        }
    }

    /// <summary>
    /// A page table has been unlinked; CPUs may still be walking through it, or have its address cached.
    /// </summary>
    internal void TableUnlinked(uint leaf)
    {
        lock (_lock)
        {
            _unlinked.Add(leaf, _tables[leaf]);
            Volatile.Write(ref _unlinkedTables, _unlinked.Count);
        }
    }

    /// <summary>A page table becomes free.</summary>
    internal void TableFreed(uint leaf)
    {
        lock (_lock)
        {
            if (_unlinked.Remove(leaf, out TablePlace place))
            {
                Volatile.Write(ref _unlinkedTables, _unlinked.Count);
                Break($"I3: the page table of {place} was freed, and no flush has come since it was unlinked");
            }
        }
    }

    /// <summary>An entry changes, or an entry for all of a leaf. Under the leaf's latch, before the change.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="position">First page in it.</param>
    /// <param name="pages">Pages: one, or all of a leaf.</param>
    /// <param name="before">What it said.</param>
    /// <param name="now">What it says from now on.</param>
    /// <param name="batch">
    /// The batch that makes the flush, where the page's old frame and its new one are twins: the same, or of the same
    /// bytes and written by nobody. To see both breaks nothing (I32); to free the old one before the flush does (I2).
    /// </param>
    internal void Changed(uint leaf, int position, int pages, Translation before, Translation now, FlushSite? batch = null)
    {
        bool owes = before.NeedsFlush(now);
        if (!owes && (!now.IsValid || IsClean))
        {
            return;
        }

        lock (_lock)
        {
            TablePlace table = _tables[leaf];
            int thread = Environment.CurrentManagedThreadId;
            for (int i = 0; i < pages; i++)
            {
                TablePlace page = new(table.Space, table.Page + (uint)(position + i));
                if (owes)
                {
                    Add(page, new StaleTranslation(before.At(i).Frame, before.StoresSilently, thread, batch));
                }

                if (now.IsValid)
                {
                    CheckShown(page, now.At(i), thread);
                }
            }
        }
    }

    /// <summary>
    /// The calling thread will flush a page for which another thread owes a flush already, and has changed nothing that
    /// does.
    /// </summary>
    internal void OwedToo(uint space, ulong page)
    {
        TablePlace place = new(space, page);
        lock (_lock)
        {
            if (_stale.TryGetValue(place, out List<StaleTranslation>? held))
            {
                Add(place, held[^1] with { Thread = Environment.CurrentManagedThreadId, Batch = null });
            }
        }
    }

    /// <summary>CPUs have given up what they held of a range.</summary>
    internal void Flushed(uint space, ulong firstPage, ulong pages)
    {
        if (IsClean && Volatile.Read(ref _unlinkedTables) == 0)
        {
            return;
        }

        lock (_lock)
        {
            ulong end = firstPage + pages;
            foreach ((TablePlace page, List<StaleTranslation> held) in _stale)
            {
                if (page.Space == space && page.Page >= firstPage && page.Page < end)
                {
                    Forget(page, held.Count);
                }
            }

            foreach ((uint leaf, TablePlace table) in _unlinked)
            {
                if (table.Space == space && table.Page >= firstPage && table.Page < end)
                {
                    _ = _unlinked.Remove(leaf);
                }
            }

            Volatile.Write(ref _unlinkedTables, _unlinked.Count);
        }
    }

    /// <summary>CPUs have given up all that the calling thread has taken away, in whatever address spaces.</summary>
    /// <param name="batch">
    /// The batch's flush where the changes have named it; any other batch flushes what names none.
    /// </param>
    internal void BatchFlushed(FlushSite? batch)
    {
        if (IsClean)
        {
            return;
        }

        // What a page owed before the thread's own change is flushed with it, whichever thread owes it: a fork's
        // protection that is still to be flushed, and on top of it the migrator's entry. What was added later is not:
        // the flush had begun.
        int thread = Environment.CurrentManagedThreadId;
        lock (_lock)
        {
            foreach ((TablePlace page, List<StaleTranslation> held) in _stale)
            {
                Forget(page, held.FindLastIndex(stale => stale.Thread == thread && stale.Batch == batch) + 1);
            }
        }
    }

    /// <summary>A task has left the work that a batch was for, and the batch owes a flush.</summary>
    internal void BatchLeft() => Break("I14: a task has left a batch that owes a flush");

    /// <summary>A page is about to be shown as a merged frame whose content is another one by now.</summary>
    internal void ReplacedByAnother(Pfn frame, Pfn target) =>
        Break($"I30: frame {frame.Number} was to be replaced by frame {target.Number}, whose content is another one");

    /// <inheritdoc/>
    public void Freed(Pfn frame)
    {
        if (!IsClean)
        {
            lock (_lock)
            {
                if (_leadingTo.ContainsKey(frame))
                {
                    Break($"I2: frame {frame.Number} was freed, and a CPU may hold a translation to it");
                }
            }
        }
    }

    /// <summary>The content of a frame is about to decide something, or to be copied as the last there is.</summary>
    internal void ContentTrusted(Pfn frame)
    {
        if (IsClean)
        {
            return;
        }

        lock (_lock)
        {
            if (!_leadingTo.ContainsKey(frame))
            {
                return;
            }

            foreach ((TablePlace page, List<StaleTranslation> held) in _stale)
            {
                foreach (StaleTranslation stale in held)
                {
                    if (stale.Frame == frame && stale.StoresSilently)
                    {
                        Break($"I16: the content of frame {frame.Number} was relied on, and a CPU may store to it as {page}");
                    }
                }
            }
        }
    }

    /// <summary>References of a page's frame are about to be counted, to prove that no borrower is there.</summary>
    internal void ReferencesCounted(uint space, ulong page) =>
        CheckFlushed(new TablePlace(space, page), anyThread: true, "I31: references were counted before the flush of");

    /// <summary>A CPU accesses a page as its entry says.</summary>
    internal void Accessed(uint space, ulong page) =>
        CheckFlushed(new TablePlace(space, page), anyThread: false, "I1: an access may go through an old translation of");

    /// <summary>A CPU has reached a frame that is free by its TLB.</summary>
    internal void FreeFrameReached(uint space, ulong page, Pfn frame) =>
        Break($"I1: an access to {new TablePlace(space, page)} went to frame {frame.Number}, which is free");

    /// <summary>The calling thread's operation is over: all flushes that it owes must have been made.</summary>
    internal void OperationEnds()
    {
        if (IsClean)
        {
            return;
        }

        int thread = Environment.CurrentManagedThreadId;
        lock (_lock)
        {
            foreach ((TablePlace page, List<StaleTranslation> held) in _stale)
            {
                for (int i = 0; i < held.Count; i++)
                {
                    if (held[i].Thread == thread && held[i].Batch is null)
                    {
                        Break($"I4: an operation has ended without the flush that it owes for {page}");
                        held[i] = held[i] with { Thread = NoThread };
                    }
                }
            }
        }
    }

    /// <summary>Throws if anything has been found. With no latch held.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken; the message names it.</exception>
    internal void ThrowIfBroken()
    {
        if (Fault is { } fault)
        {
            throw new InvalidOperationException(fault);
        }
    }

    private void Add(TablePlace page, StaleTranslation stale)
    {
        if (!_stale.TryGetValue(page, out List<StaleTranslation>? held))
        {
            held = _spare.TryPop(out List<StaleTranslation>? spare) ? spare : [];
            _stale.Add(page, held);
            Volatile.Write(ref _stalePages, _stale.Count);
        }

        held.Add(stale);
        _leadingTo[stale.Frame] = _leadingTo.GetValueOrDefault(stale.Frame) + 1;
    }

    // The oldest of a page.
    private void Forget(TablePlace page, int count)
    {
        List<StaleTranslation> held = _stale[page];
        for (int i = 0; i < count; i++)
        {
            Pfn frame = held[i].Frame;
            if (--_leadingTo[frame] == 0)
            {
                _ = _leadingTo.Remove(frame);
            }
        }

        held.RemoveRange(0, count);
        if (held.Count == 0)
        {
            _ = _stale.Remove(page);
            _spare.Push(held);
            Volatile.Write(ref _stalePages, _stale.Count);
        }
    }

    // Another thread's change of the page is under way if that thread still owes a flush: the two race, as in Linux.
    private void CheckShown(TablePlace page, Translation now, int thread)
    {
        int known = 0;
        if (_stale.TryGetValue(page, out List<StaleTranslation>? held))
        {
            foreach (StaleTranslation stale in held)
            {
                known += stale.Frame == now.Frame ? 1 : 0;
                if (stale.Frame != now.Frame && Owes(stale, thread))
                {
                    Break($"I32: frame {now.Frame.Number} was shown as {page}, where a CPU may still hold another one");
                }
            }
        }

        if (!now.Has(TranslationBits.Zero) && _leadingTo.GetValueOrDefault(now.Frame) > known)
        {
            CheckMoved(page, now.Frame, thread);
        }
    }

    // What happens to the frame from here on is told to those who hold the new translation, not the old one.
    private void CheckMoved(TablePlace page, Pfn frame, int thread)
    {
        foreach ((TablePlace old, List<StaleTranslation> held) in _stale)
        {
            foreach (StaleTranslation stale in held)
            {
                if (old.Space == page.Space && old != page && stale.Frame == frame && Owes(stale, thread))
                {
                    Break($"I32: frame {frame.Number} was shown as {page}, and a CPU may still hold it as {old}");
                }
            }
        }
    }

    private void CheckFlushed(TablePlace page, bool anyThread, string rule)
    {
        if (IsClean)
        {
            return;
        }

        int thread = Environment.CurrentManagedThreadId;
        lock (_lock)
        {
            if (!_stale.TryGetValue(page, out List<StaleTranslation>? held))
            {
                return;
            }

            foreach (StaleTranslation stale in held)
            {
                if (anyThread || Owes(stale, thread))
                {
                    Break($"{rule} {page}");
                }
            }
        }
    }

    private static bool Owes(StaleTranslation stale, int thread) =>
        stale.Batch is null && (stale.Thread == thread || stale.Thread == NoThread);

    private void Break(string fault)
    {
        LockRanks.ExcuseLeaf();
        _ = Interlocked.CompareExchange(
            ref _fault, $"Invariant {fault}.{Environment.NewLine}Found at:{Environment.NewLine}{Environment.StackTrace}", null);
    }

    /// <summary>A page of an address space.</summary>
    private readonly record struct TablePlace(uint Space, ulong Page)
    {
        /// <inheritdoc/>
        public override string ToString() => $"page 0x{Page:x} of address space {Space}";
    }
}
