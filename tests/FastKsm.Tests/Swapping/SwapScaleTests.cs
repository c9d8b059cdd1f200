using System;
using System.Globalization;
using FastKsm.Memory;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>
/// A device filled to its last slot with our layout. FASTKSM_SWAP_SLOTS=268435456 fills one of 1 TiB, within 6 GiB
/// with fingerprints and
/// within 1.5 GiB where contents go by number; some minutes.
/// </summary>
public sealed class SwapScaleTests(ITestOutputHelper output)
{
    private const int Batch = 64;
    private const double LargeSlots = 1 << 28;

    // What does not grow with the device: a chunk of each pool, and partly used pages.
    private const long Fixed = 2 << 20;

    [Theory]
    [InlineData(true, 1.5)]
    [InlineData(false, 6)]
    public void Device_FilledToTheLastSlot_StaysWithinItsShareOfMemory(bool byNumber, double gibibytes)
    {
        uint slots = uint.TryParse(
            Environment.GetEnvironmentVariable("FASTKSM_SWAP_SLOTS"), CultureInfo.InvariantCulture, out uint asked) ? asked : 1 << 18;
        AllocationFaults faults = new();
        using SwapBackend backend = byNumber ? new ContentNumberBackend(slots, faults) : new FingerprintBackend(slots, faults);
        using SwapSpace<CompactLayout, TestFolios> space = new(
            new SwapOptions { Frames = Batch }, new TestFolios(Batch), faults);
        Assert.Equal(SwapStatus.Done, space.TryMount(backend, new SwapDeviceOptions(), out _, out _));
        Pfn[] heads = new Pfn[Batch];
        for (int i = 0; i < Batch; i++)
        {
            heads[i] = new Pfn((uint)i + 1);
        }

        SwapEntry[] entries = new SwapEntry[Batch];
        byte[] content = new byte[backend.ContentSize];
        int got;
        do
        {
            _ = space.Allocate(0, heads, 0, 0, entries, out got);
            for (int i = 0; i < got; i++)
            {
                BitConverter.TryWriteBytes(content, entries[i].Value + 1_000_000);
                Assert.Equal(SwapStatus.Done, backend.Write(entries[i].Offset, content));
                Assert.Equal(SwapStatus.Done, space.DuplicateCached(entries[i]));
                Assert.Equal(SwapStatus.Done, space.Drop(heads[i], SwapShadow.None, 0));
            }
        }
        while (got == Batch);

        long tables = space.Measure().Resident;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"counts: slots={slots} tables={tables} contents={backend.UsedBytes}"));
        Assert.Equal((int)slots - 1, space.Device(0)!.InUse);
        Assert.InRange(tables + backend.UsedBytes, 0, Fixed + (gibibytes * (1L << 30) * (slots / LargeSlots)));
        Assert.Equal(SwapStatus.Done, backend.Read(slots - 1, content));
        Assert.Equal(slots - 1 + 1_000_000UL, BitConverter.ToUInt64(content));
    }
}
