using System;
using System.Collections.Generic;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;

namespace FastKsm.AddressSpaces;

/// <summary>Counts a machine at rest from scratch and compares: invariants M1 to M7, A5 and R1 to R8.</summary>
internal sealed class StoreRecount
{
    private readonly AddressSpaceStore _store;
    private readonly AnonVmaRecount _anonVmas;
    private readonly int[] _mappings;
    private readonly int[] _others;
    private readonly int[] _wholes;
    private readonly int[] _pins;
    private readonly int[] _swapEntries;
    private readonly bool[] _wasExclusive;
    private readonly int[] _objectReferences;
    private readonly HashSet<uint> _leaves = [];
    private uint _vmas;

    internal StoreRecount(AddressSpaceStore store)
    {
        _store = store;
        _anonVmas = store.AnonVmas.BeginRecount();
        int limit = (int)store.Frames.Layout.Limit;
        (_mappings, _others, _pins, _wholes) = (new int[limit], new int[limit], new int[limit], new int[limit]);
        (_swapEntries, _wasExclusive) = (new int[store.Swap.Limit], new bool[store.Swap.Limit]);
        _objectReferences = new int[store.ObjectLimit];
    }

    /// <summary>Counts a VMA.</summary>
    internal void AddVma(uint id, in Vma vma)
    {
        _vmas++;
        _objectReferences[vma.Object]++;
        _anonVmas.Add(vma.AnonVma, vma.Chain, new VmaInterval(id, vma.PageOffset, vma.LastIndex));
    }

    /// <summary>Counts a leaf of a page table.</summary>
    internal void AddLeaf(uint leaf) => Require(_leaves.Add(leaf), "A4", leaf);

    /// <summary>Counts a PTE that maps a frame.</summary>
    internal void AddMapping(Pfn frame) => _mappings[frame.Number]++;

    /// <summary>Counts a huge mapping.</summary>
    internal void AddHugeMapping(Pfn first) => _wholes[first.Number]++;

    /// <summary>Counts a swap entry.</summary>
    internal void AddSwapEntry(Pte entry)
    {
        _swapEntries[entry.Entry.Offset]++;
        _wasExclusive[entry.Entry.Offset] |= entry.WasExclusive;
    }

    /// <summary>Compares, when every address space has been counted.</summary>
    /// <param name="itemReferences">References to an anon_vma by merged items; null for none.</param>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    internal void Finish(Func<uint, int>? itemReferences = null)
    {
        _anonVmas.Finish(itemReferences);
        Require(_vmas == _store.Vmas.LiveCount, "A1", _vmas);
        foreach (BackingObject backing in _store.LiveObjects())
        {
            Require(backing.References == _objectReferences[backing.Id], "A5", backing.Id);
            backing.ForEachFrame(frame => _others[frame.Number]++);
            backing.ForEachLeaf(AddLeaf);
        }

        Require(_leaves.Count == _store.Leaves.LiveCount, "A4", _store.Leaves.LiveCount);
        for (uint slot = 1; slot < _swapEntries.Length; slot++)
        {
            Require(_swapEntries[slot] == _store.Swap.CountOf(slot), "S1", slot);
            Require(!_wasExclusive[slot] || _swapEntries[slot] == 1, "S1", slot);
        }

        CountPins();
        HashSet<uint> free = [];
        _store.Frames.Allocator.ForEachFree(frame => Require(free.Add(frame.Number), "M1", frame.Number));
        uint inUse = 0;
        for (uint number = _store.Frames.Layout.FirstFrame; number < _store.Frames.Layout.Limit; number++)
        {
            if (_store.Frames.IsKnown(new Pfn(number)))
            {
                inUse += CheckFrame(number, free.Contains(number)) ? 1u : 0u;
            }
        }

        uint gone = _store.Frames.Allocator.CountGone();
        Require(inUse + _store.Frames.Allocator.CountFree() + gone == _store.Frames.Layout.Frames, "M1", inUse);
        for (uint number = FrameLayout.FirstZeroFrame; number < _store.Frames.Layout.FirstFrame; number++)
        {
            CheckZeroFrame(number);
        }
    }

    private static void Require(bool holds, string invariant, uint id)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant {invariant} is broken at {id}.");
        }
    }

    private void CountPins()
    {
        uint live = 0;
        for (uint id = 1; id < _store.Pins.IdLimit; id++)
        {
            PinRecord pin = _store.Pins[id];
            if (pin.Frame.IsSome)
            {
                live++;
                _others[pin.Frame.Number]++;
                _pins[pin.Frame.Number] += pin.Kind == PinKind.Reference ? 0 : 1;
            }
        }

        Require(live <= _store.Pins.LiveCount, "M2", live);
    }

    private void CheckZeroFrame(uint number)
    {
        Pfn zero = new(number);
        ref FrameRecord frame = ref _store.Frames[zero];
        Require(!_store.Frames.Content(zero).ContainsAnyExcept((byte)0), "M6", number);
        Require(frame.Has(FrameFlags.Allocated | FrameFlags.Zero) && !frame.Has(FrameFlags.Anonymous), "M6", number);
        Require(frame.References == 1 && frame.MapCount == 0 && frame.Pins == 0 && frame.Mapping == 0, "M6", number);
    }

    private void CheckHuge(uint number)
    {
        Pfn head = PhysicalMemory.HeadOf(new Pfn(number));
        HugeFrame huge = _store.Frames.HugeFrameOf(head);
        Require(huge[(int)(number - head.Number)].Has(FrameFlags.Huge | FrameFlags.Allocated | FrameFlags.Anonymous), "M7", number);
        if (number != head.Number)
        {
            Require(_store.Frames[new Pfn(number)].References == 0, "M7", number);
            Require(_wholes[number] == 0 && huge.Head.Has(FrameFlags.Huge), "M7", number);
            return;
        }

        (int singles, int others, int pins) = (0, 0, 0);
        for (uint part = number; part < number + Sizes.HugePages; part++)
        {
            Require(_store.Frames[new Pfn(part)].Has(FrameFlags.Huge), "M7", part);
            singles += _mappings[part];
            others += _others[part];
            pins += _pins[part];
        }

        Require(huge.WholeMappings == _wholes[number] && huge.SingleMappings == singles, "M7", number);
        Require(huge.OtherReferences == others && huge.Head.References > 0 && huge.Head.Pins == pins, "M7", number);
    }

    // Whether the frame is in use.
    private bool CheckFrame(uint number, bool isFree)
    {
        ref FrameRecord frame = ref _store.Frames[new Pfn(number)];
        if (!frame.Has(FrameFlags.Allocated))
        {
            Require(_mappings[number] + _others[number] == 0, "M2", number);
            Require(frame is { References: 0, MapCount: 0, Pins: 0 }, "M2", number);
            Require(!isFree || (frame.Flags & ~FrameFlags.Used) == FrameFlags.None, "M3", number);
            Require(frame.Has(FrameFlags.Used) || !_store.Frames.Content(new Pfn(number)).ContainsAnyExcept((byte)0), "M4", number);
            return false;
        }

        Require(!isFree, "M1", number);
        if (frame.Has(FrameFlags.Huge))
        {
            Require(frame.MapCount == _mappings[number], "A5", number);
            CheckHuge(number);
            return true;
        }

        Require(_wholes[number] == 0, "M7", number);
        Require(frame.References == _mappings[number] + _others[number] && frame.References > 0, "M2", number);
        Require(frame.MapCount == _mappings[number], "A5", number);
        Require(frame.Pins == _pins[number], "M2", number);
        Require(!frame.Has(FrameFlags.Locked), "A5", number);
        return true;
    }
}
