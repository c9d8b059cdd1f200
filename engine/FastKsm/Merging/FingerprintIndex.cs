using System;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using FastKsm.Simd;

namespace FastKsm.Merging;

/// <summary>Finds contents by their 64-bit checksums, and compares bytes only where checksums agree.</summary>
/// <remarks>
/// The unstable half is a table of the items entered during this scan: open addressing, linear probing; a slot counts only
/// if it bears the number of the current scan, so forgetting the table costs nothing. The stable half is the stable tree
/// with a table beside it, which walks only when a walk could change something.
/// When a huge page is taken apart and a page of zeroes that was entered loses its frame by it, the rest of the scan goes by
/// Linux's unstable tree, made out of a log: the searches that would come by that page are to end there.
/// Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class FingerprintIndex : IMergeIndex
{
    private const int SmallestShift = 12;

    // Odd, so that no two of 1024 nodes get the same, and with ones in either half.
    private const ulong NodeSalt = 0x9E3779B97F4A7C15;

    private readonly int _cpu;
    private readonly PhysicalMemory _frames;
    private readonly RmapItemTable _items;
    private readonly Func<uint, Pfn> _borrowPage;
    private readonly AllocationFaults _faults;
    private readonly MergeNodes _numa;
    private readonly UnstableLog _log;
    private readonly UnstableTree _tree;
    private readonly ulong _zeroHash;
    private NativeColumn<Slot> _slots;
    private uint _mask;
    private uint _used;
    private uint _scan = 1;
    private bool _logs;
    private bool _walks;

    /// <exception cref="OutOfNativeMemoryException">The host refuses address space or memory.</exception>
    internal FingerprintIndex(MergeParts parts)
    {
        _cpu = parts.Cpu;
        _frames = parts.Frames;
        _items = parts.Items;
        _borrowPage = parts.BorrowPage;
        _faults = parts.Faults;
        _numa = parts.Nodes;
        _mask = (1 << SmallestShift) - 1;
        _slots = NativeColumn<Slot>.TryMake(_mask + 1, _faults)
            ?? throw new OutOfNativeMemoryException("The host has no memory for the unstable table.");
        _log = new UnstableLog(parts);
        _tree = new UnstableTree(parts);
        _zeroHash = PageChecksum.Hash64(
            in MemoryMarshal.GetReference(_frames.Content(PhysicalMemory.AnyZeroFrame)), (nuint)_frames.ContentSize);
        Stable = new StableTree(parts, hashed: true);
    }

    /// <inheritdoc/>
    public StableTree Stable { get; }

    /// <inheritdoc/>
    public long UsedBytes => Stable.UsedBytes + _log.UsedBytes + _tree.UsedBytes + (((long)_mask + 1) * 16);

    /// <inheritdoc/>
    public void ForgetUnstable()
    {
        _used = 0;
        _log.Clear();
        _logs = false;
        if (_walks)
        {
            _tree.Forget();
            _walks = false;
        }

        if (++_scan == 0)
        {
            // After 2^32 scans the oldest slots would come to life again.
            for (uint i = 0; i <= _mask; i++)
            {
                _slots[i] = default;
            }

            _scan = 1;
        }
    }

    /// <inheritdoc/>
    public void Prefetch(ulong hash)
    {
        MemoryHint.Prefetch(ref _slots[Home(hash, _mask)]);
        Stable.Prefetch(hash);
    }

    /// <inheritdoc/>
    public bool Foretells(Pfn frame, ulong hash, out uint partner)
    {
        partner = 0;
        if (Stable.Foretells(hash))
        {
            return true;
        }

        ulong salted = Salted(frame, hash);
        for (uint at = Home(salted, _mask); !_walks && partner == 0 && _slots[at].Scan == _scan; at = (at + 1) & _mask)
        {
            partner = _slots[at].Hash == salted ? _slots[at].Item : 0;
        }

        return partner != 0;
    }

    /// <inheritdoc/>
    public UnstableMatch SearchOrInsert(uint item, Pfn frame, ulong hash)
    {
        if (_walks)
        {
            return _tree.SearchOrInsert(item, frame);
        }

        // Half full at most, so that probes stay short and always end.
        if ((_used + 1) * 2 > _mask + 1 && !TryGrow())
        {
            return new UnstableMatch(UnstableOutcome.Aborted);
        }

        hash = Salted(frame, hash);
        uint at = Home(hash, _mask);
        for (; _slots[at].Scan == _scan; at = (at + 1) & _mask)
        {
            ref Slot slot = ref _slots[at];
            if (slot.Hash != hash || slot.Item == 0)
            {
                continue;
            }

            Pfn other = _borrowPage(slot.Item);
            if (!other.IsSome)
            {
                return new UnstableMatch(UnstableOutcome.Aborted);
            }

            if (other == frame)
            {
                _frames.Release(_cpu, other);
                return new UnstableMatch(UnstableOutcome.Aborted);
            }

            if (_frames.AreEqual(frame, other))
            {
                if (_numa.Of(frame) == _numa.Of(other))
                {
                    return new UnstableMatch(UnstableOutcome.Found, slot.Item, other);
                }

                // It has moved to another node since it was entered; from the next scan on it counts there.
                _frames.Release(_cpu, other);
                return new UnstableMatch(UnstableOutcome.Aborted);
            }

            _frames.Release(_cpu, other);
        }

        // From the scan's first entry on, or not at all.
        _logs |= _used == 0 && _frames.HugePages != 0;
        if (_logs)
        {
            _log.Add(item, _numa.Of(frame));
        }

        _slots[at] = new Slot { Hash = hash, Item = item, Scan = _scan };
        _used++;
        _items[item].Node = at;
        return new UnstableMatch(UnstableOutcome.Inserted);
    }

    /// <inheritdoc/>
    public void Remove(uint item)
    {
        if (_walks)
        {
            _tree.Remove(item);
            return;
        }

        // The slot goes on counting as used: a probe must not end here.
        _slots[_items[item].Node].Item = 0;
        if (_logs)
        {
            _log.Add(item, -1);
        }
    }

    /// <inheritdoc/>
    public void PagesLost()
    {
        _logs |= _used == 0;
        _walks = _walks || (_logs && HasLostPage() && _log.TryReplay(_tree));
    }

    /// <inheritdoc/>
    public void Validate(long entered)
    {
        if (_walks)
        {
            _tree.Validate(entered);
            return;
        }

        long found = 0;
        for (uint i = 0; i <= _mask; i++)
        {
            Slot slot = _slots[i];
            if (slot.Scan == _scan && slot.Item != 0)
            {
                found++;
                if (_items[slot.Item].State != RmapItemState.Unstable || _items[slot.Item].Node != i)
                {
                    throw new InvalidOperationException($"Invariant K3 is broken at slot {i}.");
                }
            }
        }

        if (found != entered)
        {
            throw new InvalidOperationException($"Invariant K3 is broken: {found} slots in use, {entered} items.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stable.Dispose();
        _tree.Dispose();
        _log.Dispose();
        _slots.Dispose();
    }

    // The upper half; the lower one is the item's checksum.
    private static uint Home(ulong hash, uint mask) => (uint)(hash >> 32) & mask;

    // Contents of different nodes are different contents: a checksum of one is none of another.
    private ulong Salted(Pfn frame, ulong hash) => _numa.AreApart ? hash ^ ((ulong)_numa.Of(frame) * NodeSalt) : hash;

    // Whether an entered page of zeroes is not to be had any more; there is at most one for each node that is kept apart.
    private bool HasLostPage()
    {
        bool lost = false;
        for (int numa = 0; numa < (_numa.AreApart ? _numa.Count : 1) && !lost; numa++)
        {
            ulong hash = _zeroHash ^ ((ulong)numa * NodeSalt);
            for (uint at = Home(hash, _mask); _slots[at].Scan == _scan && !lost; at = (at + 1) & _mask)
            {
                Slot slot = _slots[at];
                if (slot.Hash == hash && slot.Item != 0)
                {
                    Pfn frame = _borrowPage(slot.Item);
                    lost = !frame.IsSome;
                    if (!lost)
                    {
                        _frames.Release(_cpu, frame);
                    }
                }
            }
        }

        return lost;
    }

    private bool TryGrow()
    {
#pragma warning disable CA2000 // It becomes the index's own.
        NativeColumn<Slot>? larger = _mask == uint.MaxValue >> 1 ? null : NativeColumn<Slot>.TryMake((_mask + 1) * 2, _faults);
#pragma warning restore CA2000
        if (larger is null)
        {
            return false;
        }

        uint mask = (_mask * 2) + 1;
        _used = 0;
        for (uint i = 0; i <= _mask; i++)
        {
            Slot slot = _slots[i];
            if (slot.Scan == _scan && slot.Item != 0)
            {
                uint at = Home(slot.Hash, mask);
                while (larger[at].Scan == _scan)
                {
                    at = (at + 1) & mask;
                }

                larger[at] = slot;
                _items[slot.Item].Node = at;
                _used++;
            }
        }

        _slots.Dispose();
        _slots = larger;
        _mask = mask;
        return true;
    }

    // 16 bytes.
    private struct Slot
    {
        internal ulong Hash;
        internal uint Item;
        internal uint Scan;
    }
}
