using System;
using System.Collections.Generic;
using System.Diagnostics;
using FastKsm.AddressSpaces;
using FastKsm.Diagnostics;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.Merging;

/// <summary>
/// ksmd: visits the pages of registered address spaces, batch by batch, and merges those of equal content.
/// </summary>
/// <remarks>
/// Bookkeeping is lazy, as Linux's: writing, unmapping and exiting change no counter until the scanner comes by.
/// Thread safety: the public operations take the ksm mutex; registration and exit are told from any thread, under an mm lock.
/// </remarks>
internal sealed partial class MergeScanner : IMergeRegistry, IDisposable
{
    private readonly RankedLock _mutex = new(LockRank.KsmMutex);
    private readonly int _cpu;
    private readonly PhysicalMemory _frames;
    private readonly AddressSpaceStore _store;
    private readonly RmapItemTable _items;
    private readonly MmSlotList _slots;
    private readonly IMergeIndex _index;
    private readonly StableTree _stable;
    private readonly LookAhead _ahead;
    private readonly MergeBatch? _batch;
    private readonly KsmEventQueue _events;
    private readonly uint _zeroChecksum;
    private readonly bool _skipsStable;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="cpu">CPU on which ksmd runs: frames are freed, and copies taken, on its behalf.</param>
    /// <param name="clock">Model time.</param>
    /// <param name="events">Receives events; flushed by whoever calls, when no lock is held any more.</param>
    /// <param name="fingerprints">Whether contents are found by checksum instead of by walking trees.</param>
    /// <param name="forgets">Whether items forget what they knew of their page while they are merged.</param>
    /// <param name="hashingThreads">Threads that take checksums, the scanning one among them.</param>
    /// <param name="batches">Whether flushes are made for many pages at once.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space or memory.</exception>
    internal MergeScanner(
        AddressSpaceStore store, int cpu, TimeProvider clock, KsmEventQueue events, bool fingerprints, bool forgets,
        int hashingThreads, bool batches)
    {
        _cpu = cpu;
        _events = events;
        Advisor = new ScanTimeAdvisor(Knobs, clock);
        _store = store;
        _frames = store.Frames;
        _items = new RmapItemTable(store.Faults);
        _slots = new MmSlotList(store.DirectoryNodes);
        MergeParts parts = new(
            _frames, store.AnonVmas, _items, Counters, Knobs, new MergeNodes(_frames, Knobs), clock, store.Faults, events, BorrowPage)
        {
            Cpu = cpu,
            IndexOverlaysChecksum = forgets,
        };
        _skipsStable = !forgets;
        _index = fingerprints ? new FingerprintIndex(parts) : new ContentTree(parts);
        _stable = _index.Stable;
        _ahead = new LookAhead(parts, _index, hashingThreads);
        _batch = batches ? new MergeBatch(parts, store, _slots, _index, _skipsStable) : null;
        _zeroChecksum = (uint)ChecksumOf(PhysicalMemory.AnyZeroFrame);
    }

    /// <summary>Counters.</summary>
    internal MergeCounters Counters { get; } = new();

    /// <summary>Settings; written through <see cref="Configure"/>.</summary>
    internal MergeKnobs Knobs { get; } = new();

    /// <summary>Chooses the number of pages in a batch, if it is on; set through <see cref="Configure"/>.</summary>
    internal ScanTimeAdvisor Advisor { get; }

    /// <summary>
    /// Takes huge pages apart that several map; set before the first scan, for its walks ask this scanner about merged
    /// frames.
    /// </summary>
    internal FrameDissolver? Dissolver { get; set; }

    /// <summary>Bytes of native records in use.</summary>
    internal long UsedBytes => _items.UsedBytes + _index.UsedBytes;

    /// <summary>Registered address spaces in the order in which they are scanned. For a machine at rest.</summary>
    internal IEnumerable<AddressSpace> Registered
    {
        get
        {
            for (MmSlot? slot = _slots.After(null); slot is not null; slot = _slots.After(slot))
            {
                yield return slot.Space;
            }
        }
    }

    /// <summary>Registers an address space. Under its mm lock, held alone.</summary>
    public void Register(AddressSpace space)
    {
        _slots.Register(space, atEnd: Knobs.Run == 2);
        if (_events.IsOn)
        {
            _events.Add(new KsmEvent(KsmEventKind.Enter, space.Id));
        }
    }

    /// <summary>A registered address space begins to go away. Under its mm lock, held alone.</summary>
    public void Exit(AddressSpace space)
    {
        _slots.Exit(space);
        if (_events.IsOn)
        {
            _events.Add(new KsmEvent(KsmEventKind.Exit, space.Id));
        }
    }

    /// <summary>Items and merging pages of an address space; zeroes when it is not registered.</summary>
    internal (long Items, long MergingPages) CountsOf(uint space)
    {
        MmSlot? slot = _slots.Find(space);
        return slot is null ? default : (slot.Count, slot.MergingPages);
    }

    /// <summary>
    /// One wake-up of ksmd: at most <see cref="MergeKnobs.PagesToScan"/> pages, never beyond the end of a full scan.
    /// </summary>
    /// <returns>False when it is not to run, or there is nothing to scan.</returns>
    internal bool Batch()
    {
        EnterAtRest();
        try
        {
            if (Knobs.Run != 1 || _slots.IsEmpty)
            {
                return false;
            }

            using KernelThread ksmd = KernelThread.Begin(_store.Flushes, _cpu);
            _ahead.Begin(Knobs.PagesToScan);
            _position = default;
            try
            {
                for (_budget = Knobs.PagesToScan; _budget != 0; _budget--)
                {
                    _batch?.Reach(_slots.Cursor, _address, _budget);
                    if (!TryFetch(out Visit visit))
                    {
                        break;
                    }

                    if (visit.Frame.IsSome)
                    {
                        Process(ref visit);
                        _frames.Release(_cpu, visit.Frame);
                    }

                    Counters.PagesScanned++;
                }
            }
            finally
            {
                _batch?.End();
            }

            _ahead.End();
            return true;
        }
        finally
        {
            _mutex.Exit();
        }
    }

    /// <summary>Changes settings under the mutex.</summary>
    /// <param name="change">What to change; returns what the writer is told.</param>
    internal Errno Configure(Func<MergeScanner, Errno> change)
    {
        EnterAtRest();
        try
        {
            return change(this);
        }
        finally
        {
            _mutex.Exit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ahead.Dispose();
        _batch?.Dispose();
        _index.Dispose();
        _items.Dispose();
    }

    private MmSlot SlotOf(uint item) => (MmSlot)_items.ListOf(item);

    private Pfn BorrowPage(uint item) => PageMerge.BorrowMergeable(SlotOf(item).Space, _items.PageOf(item));

    // 3.7 of every occasion: processing, a skip, freeing.
    private void TakeOut(uint item)
    {
        ref RmapItem record = ref _items[item];
        switch (record.State)
        {
            case RmapItemState.Stable:
                _stable.TakeOut(item);
                break;
            case RmapItemState.Unstable:
                // The index of an earlier scan has been forgotten; only that of this scan still names the item.
                byte age = (byte)((byte)Counters.FullScans - record.Sequence);
                Debug.Assert(age <= 1, "Every item is met in every scan.");
                if (age == 0)
                {
                    _index.Remove(item);
                }

                record.State = RmapItemState.Volatile;
                Counters.PagesUnshared--;
                break;
            default:
                break;
        }
    }

    // Whether there was any.
    private bool FreeItems(MmSlot slot, ulong start, ulong end)
    {
        bool any = false;
        for (uint item; start < end && (item = _items.FindNext(slot, ref start, end)) != 0; start++)
        {
            any = true;
            TakeOut(item);
            _items.Free(slot, item);
            Counters.RmapItems--;
        }

        return any;
    }
}
