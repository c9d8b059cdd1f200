using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.Swapping;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <content>The operations.</content>
internal sealed partial class SwapModel
{
    private void Dispatch(SwapOp op)
    {
        switch (op.Kind)
        {
            case SwapOpKind.Allocate:
                Allocate(op);
                break;
            case SwapOpKind.Fault:
                _isFaulted = true;
                break;
            case SwapOpKind.Remount:
                Remount(op);
                break;
            case SwapOpKind.SwapIn when _named.Count != 0:
                SwapIn(op);
                break;
            case SwapOpKind.Duplicate or SwapOpKind.Put when _named.Count != 0:
                ChangeNamed(op);
                break;
            default:
                if (_folios.Count != 0 && op.Kind is not (SwapOpKind.SwapIn or SwapOpKind.Duplicate or SwapOpKind.Put))
                {
                    ModelFolio folio = _folios[op.A % _folios.Count];
                    Assert.True(_rig.Folios.TryLock(folio.Head));
                    OnFolio(op, folio);
                    _rig.Folios.Unlock(folio.Head);
                }

                break;
        }
    }

    private void OnFolio(SwapOp op, ModelFolio folio)
    {
        switch (op.Kind)
        {
            case SwapOpKind.Drop:
                Drop(op, folio);
                break;
            case SwapOpKind.Write:
                Write(op, folio);
                break;
            case SwapOpKind.Read:
                Read(folio);
                break;
            case SwapOpKind.Replace:
                Replace(folio);
                break;
            case SwapOpKind.Split:
                Split(op, folio);
                break;
            case SwapOpKind.Map:
                _rig.Folios.Mapped[folio.Head.Number] ^= true;
                break;
            default:
                ChangeCached(op, folio);
                break;
        }
    }

    private void Allocate(SwapOp op)
    {
        int order = s_orders[op.A % s_orders.Length];
        ushort group = _scope == GroupScope.V2 ? (ushort)(op.B % (Groups + 1)) : (ushort)0;
        if (!TryNewHead(order, out Pfn head))
        {
            return;
        }

        SwapStatus status = Space.Allocate(op.C % 4, head, order, group, out SwapEntry first);
        TakeDropped();
        if (status == SwapStatus.Done)
        {
            Assert.Equal(0u, first.Offset % (1u << order));
            Assert.True(Space.Groups.MayUse(group, first.Device));
            for (uint i = 0; i < 1u << order; i++)
            {
                Assert.True(_slots.TryAdd(first.Plus(i), new ModelSlot { Head = head, Group = group }), "A slot in use was given away.");
            }

            AddFolio(new ModelFolio(head, order, first));
            CompareRun(first, 1 << order);
        }
        else
        {
            Assert.False(first.IsSome);
            Assert.False(Space.TryWhere(head, out _, out _));
            Assert.True(status != SwapStatus.OutOfNativeMemory || _isFaulted);
            Assert.True(status != SwapStatus.Full || order > 0 || !HasFree(group), "There is a free slot.");
            Assert.True(status != SwapStatus.OverLimit || WouldExceed(group, 1 << order), "The group has room.");
        }

        _rig.Folios.Unlock(head);
        if (status != SwapStatus.Done)
        {
            FreeHead(head, order);
        }
    }

    private bool HasFree(ushort group) => Enumerable.Range(0, s_sizes.Length)
        .Any(number => Space.Groups.MayUse(group, number) && Space.Device(number)!.InUse < Space.Device(number)!.Pages);

    private bool WouldExceed(ushort group, int slots)
    {
        for (; group != 0; group = (ushort)(group / 2))
        {
            if (group == 2 && Space.Groups[2].Swap + slots > GroupLimit)
            {
                return true;
            }
        }

        return false;
    }

    // Run of slots in use from a random one on, at most eight.
    private (SwapEntry First, int Count) NamedRun(SwapOp op)
    {
        SwapEntry first = _named[op.A % _named.Count];
        int count = 1;
        while (count <= op.B % 8 && _slots.TryGetValue(first.Plus((uint)count), out ModelSlot? slot) && slot.Count != 0)
        {
            count++;
        }

        return (first, count);
    }

    private void ChangeNamed(SwapOp op)
    {
        (SwapEntry first, int count) = NamedRun(op);
        bool raises = op.Kind == SwapOpKind.Duplicate;
        if (raises && Enumerable.Range(0, count).Any(i => _slots[first.Plus((uint)i)].Count >= MostCount))
        {
            return;
        }

        bool isHalfUsed = IsMoreThanHalfUsed();
        SwapStatus status = raises ? Space.Duplicate(first, count) : Space.Put(first, count);
        if (status != SwapStatus.Done)
        {
            Assert.True(raises && status == SwapStatus.OutOfNativeMemory && _isFaulted);
            CompareRun(first, count);
            return;
        }

        for (uint i = 0; i < (uint)count; i++)
        {
            ModelSlot slot = _slots[first.Plus(i)];
            SetCount(first.Plus(i), slot.Count + (raises ? 1 : -1));
            if (slot.Count == 0 && !slot.Head.IsSome)
            {
                _slots.Remove(first.Plus(i));
            }
        }

        ExpectDropped(first, raises ? 0 : count, isHalfUsed);
        TakeDropped();
        CompareRun(first, count);
    }

    // Whose last name a zap has taken leaves the cache if nothing maps it, or if swap is short.
    private void ExpectDropped(SwapEntry first, int count, bool isHalfUsed)
    {
        for (uint i = 0; i < (uint)count; i++)
        {
            if (_slots.TryGetValue(first.Plus(i), out ModelSlot? slot) && slot is { Count: 0, Head.IsSome: true })
            {
                ModelFolio folio = _folios[_placeOfFolio[slot.Head.Number]];
                bool isNamed = Enumerable.Range(0, folio.Slots).Any(at => _slots[folio.First.Plus((uint)at)].Count != 0);
                bool isDropped = _rig.Folios.Dropped.Contains(slot.Head);
                Assert.False(isNamed && isDropped);
                Assert.True(isNamed || isDropped || _rig.Folios.Mapped[slot.Head.Number], "An unmapped folio without names stays.");
                Assert.True(!isDropped || isHalfUsed || _scope == GroupScope.V2 || !_rig.Folios.Mapped[slot.Head.Number]);
            }
        }
    }

    private void ChangeCached(SwapOp op, ModelFolio folio)
    {
        bool raises = op.Kind == SwapOpKind.DuplicateCached;
        uint from = (uint)(op.B % folio.Slots);
        int count = 1 + (op.C % int.Min(8, folio.Slots - (int)from));
        SwapEntry first = folio.First.Plus(from);
        int[] counts = [.. Enumerable.Range(0, count).Select(i => _slots[first.Plus((uint)i)].Count)];
        if (raises && counts.Max() >= MostCount)
        {
            return;
        }

        SwapStatus status = raises ? Space.DuplicateCached(first, count) : Space.PutCached(first, count);
        if (!raises && counts.Min() == 0)
        {
            Assert.Equal(SwapStatus.NoEntry, status);
        }
        else if (status != SwapStatus.Done)
        {
            Assert.True(raises && status == SwapStatus.OutOfNativeMemory && _isFaulted);
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                SetCount(first.Plus((uint)i), counts[i] + (raises ? 1 : -1));
            }
        }

        CompareRun(first, count);
    }

    private void Drop(SwapOp op, ModelFolio folio)
    {
        ushort group = _scope == GroupScope.V1 ? (ushort)(op.B % (Groups + 1)) : (ushort)0;
        SwapShadow shadow = new((ulong)op.C % (1 << 18), (ushort)(op.B % 512), 0, op.C % 2 == 0);

        SwapStatus status = Space.Drop(folio.Head, shadow, group);

        if (status != SwapStatus.Done)
        {
            Assert.True(status == SwapStatus.OutOfNativeMemory && _isFaulted);
            CompareRun(folio.First, folio.Slots);
            return;
        }

        for (uint i = 0; i < (uint)folio.Slots; i++)
        {
            ModelSlot slot = _slots[folio.First.Plus(i)];
            if (slot.Count == 0)
            {
                _slots.Remove(folio.First.Plus(i));
                continue;
            }

            slot.Head = Pfn.None;
            slot.Shadow = shadow;
            slot.Group = _scope == GroupScope.V1 ? group : slot.Group;
        }

        _ = RemoveFolio(folio.Head);
        FreeHead(folio.Head, folio.Order);
        CompareRun(folio.First, folio.Slots);
    }

    private void SwapIn(SwapOp op)
    {
        SwapEntry target = _named[op.A % _named.Count];
        int order = op.B % 4 == 0 ? 2 : 0;
        if (!TryNewHead(order, out Pfn head))
        {
            return;
        }

        SwapEntry first = target.RoundDown(order);
        ModelSlot wanted = _slots[target];
        ModelSlot?[] slots = [.. Enumerable.Range(0, 1 << order).Select(i => _slots.GetValueOrDefault(first.Plus((uint)i)))];
        SwapStatus expected = wanted.Head.IsSome ? SwapStatus.Exists
            : first.Offset + (1u << order) > Space.Device(first.Device)!.Max ? SwapStatus.NoEntry
            : slots.All(slot => slot is { Head.IsSome: false } && slot.IsZero == wanted.IsZero && slot.Group == wanted.Group)
                ? SwapStatus.Done : SwapStatus.Busy;

        SwapStatus status = Space.AddForSwapIn(target, head, order, out SwapShadow shadow, out ushort group);

        Assert.True(status == expected || (status == SwapStatus.OutOfNativeMemory && _isFaulted), $"{status} instead of {expected}");
        _rig.Folios.Unlock(head);
        if (status != SwapStatus.Done)
        {
            FreeHead(head, order);
            return;
        }

        Assert.Equal((wanted.Shadow, wanted.Group), (shadow, group));
        foreach (ModelSlot? slot in slots)
        {
            slot!.Head = head;
            slot.Group = _scope == GroupScope.V1 ? (ushort)0 : slot.Group;
        }

        AddFolio(new ModelFolio(head, order, first));
        CompareRun(first, 1 << order);
    }

    private void Write(SwapOp op, ModelFolio folio)
    {
        UInt128[] contents = [.. Enumerable.Range(0, folio.Slots).Select(_ => op.C % 3 == 0 ? 0 : NewContent())];

        SwapStatus status = Space.Write(folio.Head, Bytes(contents), out bool isZero);

        Assert.Equal(contents[0] == 0, isZero);
        Assert.True(status == SwapStatus.Done || (status == SwapStatus.OutOfNativeMemory && _isFaulted));
        for (int i = 0; i < folio.Slots; i++)
        {
            ModelSlot slot = _slots[folio.First.Plus((uint)i)];
            bool isWritten = status == SwapStatus.Done;

            // What failed on its way has lost the old content: the folio is the only copy.
            slot.Content = isWritten ? contents[i] : null;
            slot.IsZero = isWritten ? isZero : Space.Device(folio.First.Device)!.Read(folio.First.Cluster, folio.First.Position + i).IsZero;
        }

        CompareRun(folio.First, folio.Slots);
    }

    private void Read(ModelFolio folio)
    {
        ModelSlot[] slots = [.. Enumerable.Range(0, folio.Slots).Select(i => _slots[folio.First.Plus((uint)i)])];
        if (slots.All(slot => slot.Content is not null))
        {
            UInt128[] contents = new UInt128[folio.Slots];
            Assert.Equal(SwapStatus.Done, Space.Read(folio.Head, MemoryMarshal.AsBytes(contents.AsSpan())));
            Assert.Equal(slots.Select(slot => slot.Content!.Value), contents);
        }
    }

    private void Replace(ModelFolio folio)
    {
        if (!TryNewHead(folio.Order, out Pfn head))
        {
            return;
        }

        SwapStatus status = Space.Replace(folio.Head, head);

        _rig.Folios.Unlock(head);
        if (status != SwapStatus.Done)
        {
            Assert.True(status == SwapStatus.OutOfNativeMemory && _isFaulted);
            FreeHead(head, folio.Order);
            return;
        }

        _ = RemoveFolio(folio.Head);
        FreeHead(folio.Head, folio.Order);
        AddFolio(folio with { Head = head });
        for (uint i = 0; i < (uint)folio.Slots; i++)
        {
            _slots[folio.First.Plus(i)].Head = head;
        }

        CompareRun(folio.First, folio.Slots);
    }

    // Frames of a split folio are single folios from then on.
    private void Split(SwapOp op, ModelFolio folio)
    {
        if (folio.Order == 0 || folio.Order == 9)
        {
            return;
        }

        int part = op.B % folio.Order;
        SwapStatus status = Space.Split(folio.Head, part);
        if (status != SwapStatus.Done)
        {
            Assert.True(status == SwapStatus.OutOfNativeMemory && _isFaulted);
            return;
        }

        _ = RemoveFolio(folio.Head);
        for (uint i = 0; i < (uint)folio.Slots; i++)
        {
            Pfn head = new(folio.Head.Number + (i >> part << part));
            _slots[folio.First.Plus(i)].Head = head;
            if (i % (1u << part) == 0)
            {
                AddFolio(new ModelFolio(head, part, folio.First.Plus(i)));
                _rig.Folios.AddReferences(head, i == 0 ? 0 : 1);
            }
        }

        CompareRun(folio.First, folio.Slots);
    }

    // Everything on the device ends: entries are zapped, folios leave the cache.
    private void Remount(SwapOp op)
    {
        int number = op.A % s_sizes.Length;
        Assert.Equal(SwapStatus.Done, Space.BeginUnmount(number));
        if (op.B % 2 == 0)
        {
            Assert.Equal(SwapStatus.Done, Space.CancelUnmount(number));
            return;
        }

        for (uint from = 1; Space.TryNextInUse(number, from, out SwapEntry entry); from = entry.Offset + 1)
        {
            while (_slots.TryGetValue(entry, out ModelSlot? slot) && slot.Count != 0)
            {
                SetCount(entry, slot.Count - 1);
                Assert.Equal(SwapStatus.Done, Space.Put(entry));
                if (slot is { Count: 0, Head.IsSome: false })
                {
                    _slots.Remove(entry);
                }
            }

            TakeDropped();
            if (_slots.TryGetValue(entry, out ModelSlot? left))
            {
                _ = Space.TryDropUnnamed(entry, anyway: true, out int slots);
                Assert.True(slots != 0 || left.Head.IsSome);
                TakeDropped();
            }
        }

        Assert.DoesNotContain(_slots.Keys, entry => entry.Device == number);
        Assert.Equal(SwapStatus.Done, Space.FinishUnmount(number));
        Mount(s_sizes[number], number);
    }
}
