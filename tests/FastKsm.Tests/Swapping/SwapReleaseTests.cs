using System.Collections.Generic;
using System.Linq;
using FastKsm.Swapping;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Slots that become free on a back end that takes its time, such as a file whose holes are punched.</summary>
public sealed class SwapReleaseTests
{
    [Theory]
    [InlineData("legacy")]
    [InlineData("faithful")]
    [InlineData("compact")]
    public void Free_WhileTheBackEndIsAtIt_NoLockIsHeldAndNoSlotGivenOut(string layout)
    {
        using SlowBackend backend = new(1024);
        using SwapRig rig = SwapRig.Make(layout);
        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend, new SwapDeviceOptions(), out int device, out _));
        List<SwapEntry> entries = rig.Evicted(511);
        Assert.Equal(SwapStatus.Done, rig.Space.Duplicate(entries[12]));
        List<(uint First, int Count)> calls = [];
        List<uint> given = [];
        backend.OnFree = (first, count) =>
        {
            calls.Add((first, count));
            Assert.Equal(511 + given.Count, rig.Used(device) + calls.SkipLast(1).Sum(call => call.Count));

            // Both take the cluster's lock; and there is no slot free in it but those of earlier calls.
            Assert.Equal(1, rig.Space.CountOf(entries[0]));
            given.Add(rig.PageOut().Offset);
            Assert.Equal(SwapStatus.NoEntry, rig.Space.Put(new SwapEntry(device, first), count));
            Assert.DoesNotContain(given, offset => offset >= first && offset < first + count);
        };

        Assert.Equal(SwapStatus.Done, rig.Space.Put(entries[10], 5));

        Assert.Equal([(11u, 2), (14u, 2)], calls);
        backend.OnFree = null;
        Assert.Equal(1, rig.Space.CountOf(entries[12]));
        Assert.Equal(511 - 4 + given.Count, rig.Used(device));
        rig.Space.Validate();
    }

    [Fact]
    public void Drop_FolioThatNothingNames_IsFreeBehindTheBackEnd()
    {
        using SlowBackend backend = new(1024);
        using SwapRig rig = SwapRig.Make("compact");
        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend, new SwapDeviceOptions(), out int device, out _));
        Pfn head = rig.NewFolio(2);
        SwapEntry entry = rig.PageOut(head, order: 2);
        Assert.Equal(SwapStatus.Done, rig.Space.PutCached(entry, 4));
        int calls = 0;
        backend.OnFree = (first, count) =>
        {
            calls++;
            Assert.Equal((entry.Offset, 4, 4), (first, count, rig.Used(device)));
            Assert.Equal(SlotKind.Bad, rig.Space.Peek(entry).Kind);
        };

        Assert.Equal(SwapStatus.Done, rig.Space.Drop(head, SwapShadow.None, 0));

        Assert.Equal((1, 0), (calls, rig.Used(device)));
        rig.Space.Validate();
    }
}
