using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>A swap system beside a dictionary of slots: each operation on both, and what can be foretold is
/// compared.</summary>
internal sealed partial class SwapModel : IDisposable
{
    private const int Groups = 6;
    private const long GroupLimit = 900;
    private const int MostCount = 80;

    private static readonly uint[] s_sizes = [1500, 2048, 700];
    private static readonly int[] s_orders = [0, 0, 0, 0, 0, 0, 2, 4, 9];

    private readonly SwapRig _rig;
    private readonly GroupScope _scope;
    private readonly Dictionary<SwapEntry, ModelSlot> _slots = [];
    private readonly List<SwapEntry> _named = [];
    private readonly Dictionary<SwapEntry, int> _placeOfNamed = [];
    private readonly List<ModelFolio> _folios = [];
    private readonly Dictionary<uint, int> _placeOfFolio = [];
    private readonly Stack<Pfn>[] _freeHeads = new Stack<Pfn>[SwapLimits.Orders];
    private readonly List<SwapBackend> _backends = [];
    private UInt128 _contents = 1;
    private bool _isFaulted;

    internal SwapModel(string layout, GroupScope scope, SwapEra era)
    {
        _rig = SwapRig.Make(layout, era, cpus: 4, scope);
        _scope = scope;
        uint next = 512;
        for (int order = 0; order < SwapLimits.Orders; order++)
        {
            _freeHeads[order] = new Stack<Pfn>();
            for (int i = 0; i < (order == 0 ? 4096 : 16); i++)
            {
                next = (next + (1u << order) - 1) >> order << order;
                _freeHeads[order].Push(new Pfn(next));
                next += 1u << order;
            }
        }

        for (ushort id = 1; id <= Groups && scope != GroupScope.None; id++)
        {
            Assert.True(_rig.Space.Groups.TryAdd(id, new SwapGroup
            {
                Parent = (ushort)(id / 2),
                SwapLimit = scope == GroupScope.V2 && id == 2 ? GroupLimit : long.MaxValue,
                Tiers = (byte)(id == 3 ? 0b101 : 0b111),
            }));
        }

        for (int device = 0; device < s_sizes.Length; device++)
        {
            Mount(s_sizes[device], device);
        }
    }

    private SwapSpace Space => _rig.Space;

    internal void Perform(SwapOp op)
    {
        bool isFaulted = _isFaulted && op.Kind is not (SwapOpKind.Fault or SwapOpKind.Remount);
        if (isFaulted)
        {
            _rig.Faults.Arm(op.C % 3);
        }

        Dispatch(op);
        if (isFaulted)
        {
            _rig.Faults.Disarm();
            _isFaulted = false;
        }

        TakeDropped();
    }

    /// <summary>Every slot, every folio, every count.</summary>
    internal void CompareAll()
    {
        Space.Validate();
        int used = 0;
        for (int number = 0; number < s_sizes.Length; number++)
        {
            SwapDevice device = Space.Device(number)!;
            used += device.InUse;
            for (uint offset = 0; offset < device.Max; offset++)
            {
                SwapEntry entry = new(number, offset);
                SlotState state = device.Read(entry.Cluster, entry.Position);
                if (state.Kind is SlotKind.Cached or SlotKind.Shadow || _slots.ContainsKey(entry))
                {
                    Compare(entry);
                }
            }
        }

        Assert.Equal(_slots.Count, used);
        foreach (ModelFolio folio in _folios)
        {
            Assert.True(Space.TryWhere(folio.Head, out SwapEntry first, out int order));
            Assert.Equal((folio.First, folio.Order), (first, order));
            Assert.Equal(1 + folio.Slots, _rig.Folios.References(folio.Head));
        }
    }

    public void Dispose()
    {
        _rig.Dispose();
        _backends.ForEach(backend => backend.Dispose());
    }

    private void Mount(uint size, int device)
    {
        FingerprintBackend backend = new(size, _rig.Faults);
        _backends.Add(backend);
        SwapDeviceOptions options = new()
        {
            Priority = device == 2 ? 3 : 7,
            Tier = device,
            IsRotational = device == 1,
            DiscardsClusters = device == 2,
        };
        Assert.Equal(SwapStatus.Done, Space.TryMount(backend, options, out int number, out _));
        Assert.Equal(device, number);
    }

    private void Compare(SwapEntry entry)
    {
        SlotState state = Space.Device(entry.Device)!.Read(entry.Cluster, entry.Position);
        Assert.True(_slots.TryGetValue(entry, out ModelSlot? slot), $"{entry} is free in the model, but {state}.");
        Assert.Equal(slot.Head.IsSome ? SlotKind.Cached : SlotKind.Shadow, state.Kind);
        Assert.Equal(slot.Head.IsSome ? slot.Head.Number : slot.Shadow.Value, state.Payload);
        Assert.Equal(slot.IsZero, state.IsZero);
        Assert.Equal(slot.Count, Space.CountOf(entry));
    }

    private void CompareRun(SwapEntry first, int count)
    {
        for (uint i = 0; i < (uint)count; i++)
        {
            if (_slots.ContainsKey(first.Plus(i)))
            {
                Compare(first.Plus(i));
            }
        }
    }

    private bool IsMoreThanHalfUsed()
    {
        long total = 0;
        for (int device = 0; device < s_sizes.Length; device++)
        {
            total += Space.Device(device)!.Pages;
        }

        return (total - _slots.Count) * 2 < total;
    }

    private UInt128 NewContent() => _contents++ * 0x9E3779B97F4A7C15;

    private void AddFolio(ModelFolio folio)
    {
        _placeOfFolio[folio.Head.Number] = _folios.Count;
        _folios.Add(folio);
    }

    private ModelFolio RemoveFolio(Pfn head)
    {
        int place = _placeOfFolio[head.Number];
        ModelFolio folio = _folios[place];
        _folios[place] = _folios[^1];
        _placeOfFolio[_folios[place].Head.Number] = place;
        _folios.RemoveAt(_folios.Count - 1);
        _placeOfFolio.Remove(head.Number);
        return folio;
    }

    // A folio that is nowhere any more: its frames can be had again.
    private void FreeHead(Pfn head, int order)
    {
        Assert.Equal(1, _rig.Folios.References(head));
        _rig.Folios.DropReferences(head, 1);
        _rig.Folios.Mapped[head.Number] = false;
        _freeHeads[order].Push(head);
    }

    private bool TryNewHead(int order, out Pfn head)
    {
        bool done = _freeHeads[order].TryPop(out head);
        if (done)
        {
            _rig.Folios.AddReferences(head, 1);
            Assert.True(_rig.Folios.TryLock(head));
        }

        return done;
    }

    private void SetCount(SwapEntry entry, int count)
    {
        ModelSlot slot = _slots[entry];
        slot.Count = count;
        if (count != 0 && !_placeOfNamed.ContainsKey(entry))
        {
            _placeOfNamed[entry] = _named.Count;
            _named.Add(entry);
        }
        else if (count == 0 && _placeOfNamed.Remove(entry, out int place))
        {
            SwapEntry last = _named[^1];
            _named.RemoveAt(_named.Count - 1);
            if (place < _named.Count)
            {
                _named[place] = last;
                _placeOfNamed[last] = place;
            }
        }
    }

    // Folios that the engine has taken from the cache by itself: only ones that no entry names.
    private void TakeDropped()
    {
        while (_rig.Folios.Dropped.TryDequeue(out Pfn head))
        {
            ModelFolio folio = RemoveFolio(head);
            for (uint i = 0; i < (uint)folio.Slots; i++)
            {
                Assert.Equal(0, _slots[folio.First.Plus(i)].Count);
                _slots.Remove(folio.First.Plus(i));
            }

            FreeHead(head, folio.Order);
        }
    }

    private static ReadOnlySpan<byte> Bytes(UInt128[] contents) => MemoryMarshal.AsBytes(contents.AsSpan());
}
