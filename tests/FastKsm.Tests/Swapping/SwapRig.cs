using System;
using System.Collections.Generic;
using FastKsm.Memory;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>A swap system with devices that keep no contents, and folios to swap.</summary>
internal sealed class SwapRig : IDisposable
{
    private const int Frames = 1 << 17;

    private readonly List<BlankBackend> _backends = [];
    private uint _nextFrame = 1024;

    private SwapRig(SwapSpace space, TestFolios folios, AllocationFaults faults)
    {
        Space = space;
        Folios = folios;
        Faults = faults;
    }

    internal AllocationFaults Faults { get; }

    internal TestFolios Folios { get; }

    internal SwapSpace Space { get; }

    /// <summary>Largest count that an entry holds by itself.</summary>
    internal int InlineLimit { get; private init; }

    /// <summary>Bytes of a full table.</summary>
    internal int TableBytes { get; private init; }

    /// <summary>Whether clusters have no record before they are used.</summary>
    internal bool IsLazy { get; private init; }

    /// <summary>Makes one of a layout that goes by its name.</summary>
    internal static SwapRig Make(
        string layout, SwapEra era = SwapEra.Phase4, int cpus = 2, GroupScope scope = GroupScope.None, bool largeFolios = true,
        bool keepsClustersApart = false)
    {
        SwapOptions options = new()
        {
            Era = era,
            Cpus = cpus,
            Scope = scope,
            FirstFrame = 1,
            Frames = Frames,
            LargeFolios = largeFolios,
            KeepsClustersApart = keepsClustersApart,
        };
        return layout switch
        {
            "legacy" => Make<LegacyLayout>(options),
            "faithful" => Make<FaithfulLayout>(options),
            "compact" => Make<CompactLayout>(options),
            _ => throw new ArgumentException($"No such layout: {layout}.", nameof(layout)),
        };
    }

    /// <summary>Slots in use on a device, or on all.</summary>
    internal int Used(int device = -1)
    {
        int used = 0;
        for (int number = 0; number < SwapLimits.MaxDevices; number++)
        {
            used += device < 0 || device == number ? Space.Device(number)?.InUse ?? 0 : 0;
        }

        return used;
    }

    /// <summary>Mounts a device.</summary>
    internal int Mount(uint slots, SwapDeviceOptions? options = null, params uint[] badPages)
    {
        SwapStatus status = TryMount(slots, options ?? new SwapDeviceOptions(), badPages, out int number, out string? fault);
        Assert.True(status == SwapStatus.Done, fault);
        return number;
    }

    /// <summary>Tries to.</summary>
    internal SwapStatus TryMount(uint slots, SwapDeviceOptions options, uint[] badPages, out int number, out string? fault)
    {
        BlankBackend backend = NewBackend(slots);
        SwapHeader.Write(backend.Header, slots - 1, badPages);
        return Space.TryMount(backend, options, out number, out fault);
    }

    /// <summary>A device to mount, with a good header.</summary>
    internal BlankBackend NewBackend(uint slots)
    {
        BlankBackend backend = new(slots);
        _backends.Add(backend);
        return backend;
    }

    /// <summary>A folio that is not in use, locked by nobody, mapped by nobody.</summary>
    internal Pfn NewFolio(int order = 0)
    {
        uint size = 1u << order;
        _nextFrame = (_nextFrame + size - 1) & ~(size - 1);
        Pfn head = new(_nextFrame);
        _nextFrame += size;
        Folios.AddReferences(head, 1);
        return head;
    }

    /// <summary>Swaps a folio out as far as its slots: one entry names each, and the folio stays in the swap
    /// cache.</summary>
    /// <returns>First slot; none if there is none.</returns>
    internal SwapEntry PageOut(int cpu = 0, int order = 0, ushort group = 0) => PageOut(NewFolio(order), cpu, order, group);

    /// <summary>The same for a folio.</summary>
    internal SwapEntry PageOut(Pfn head, int cpu = 0, int order = 0, ushort group = 0)
    {
        Assert.True(Folios.TryLock(head));
        if (Space.Allocate(cpu, head, order, group, out SwapEntry entry) == SwapStatus.Done)
        {
            Assert.Equal(SwapStatus.Done, Space.DuplicateCached(entry, 1 << order));
        }

        Folios.Unlock(head);
        return entry;
    }

    /// <summary>Offsets of that many pages swapped out one after another, on one CPU.</summary>
    internal List<uint> Offsets(int pages, int cpu = 0)
    {
        List<uint> offsets = [];
        for (int i = 0; i < pages; i++)
        {
            offsets.Add(PageOut(cpu).Offset);
        }

        return offsets;
    }

    /// <summary>Entries of that many pages swapped out and evicted: shadows.</summary>
    internal List<SwapEntry> Evicted(int pages, int cpu = 0)
    {
        List<SwapEntry> entries = [];
        for (int i = 0; i < pages; i++)
        {
            Pfn head = NewFolio();
            SwapEntry entry = PageOut(head, cpu);
            Assert.True(entry.IsSome);
            Assert.Equal(SwapStatus.Done, Space.Drop(head, new SwapShadow(1, 0, 0, false), 0));
            entries.Add(entry);
        }

        return entries;
    }

    public void Dispose()
    {
        Space.Dispose();
        _backends.ForEach(backend => backend.Dispose());
    }

    private static SwapRig Make<TLayout>(SwapOptions options)
        where TLayout : struct, ISwapLayout<TLayout>
    {
        AllocationFaults faults = new();
        TestFolios folios = new(Frames + 1);
        return new SwapRig(new SwapSpace<TLayout, TestFolios>(options, folios, faults), folios, faults)
        {
            InlineLimit = TLayout.InlineLimit,
            TableBytes = TLayout.TableBytes,
            IsLazy = TLayout.IsLazy,
        };
    }
}
