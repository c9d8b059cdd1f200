using System;
using System.Linq;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Mounting: rows 3 to 13 of swap.md 9.1, on each layout.</summary>
public abstract class SwapDeviceRows(string layout)
{
    [Fact]
    public void Mount_FreshDevice_SizeIsAllButTheHeader_S03()
    {
        using SwapRig rig = SwapRig.Make(layout);

        int device = rig.Mount(1 << 28);

        Assert.Equal(1_073_741_820, 4L * rig.Space.Device(device)!.Pages);
    }

    [Fact]
    public void Allocate_WholeClusters_OneTableEach_S04()
    {
        using SwapRig rig = SwapRig.Make(layout);
        int device = rig.Mount(1 << 15);
        long before = rig.Space.Measure().DynamicUsed;

        rig.Offsets(16384);

        // The header's cluster has had its table from mounting on, and takes 511 of them.
        Assert.Equal(16384, rig.Used(device));
        long bytes = rig.Space.Measure().DynamicUsed - before;
        Assert.Equal(32, rig.IsLazy ? bytes / rig.TableBytes : (double)bytes / rig.TableBytes);
        rig.Space.Validate();
    }

    [Fact]
    public void Mount_BadPages_AreLeftOut_S05()
    {
        using SwapRig rig = SwapRig.Make(layout);

        int device = rig.Mount(2048, null, 5, 6, 700);

        Assert.Equal(8176, 4 * rig.Space.Device(device)!.Pages);
        Assert.Equal([1, 2, 3, 4, .. Enumerable.Range(7, 26).Select(i => (uint)i)], rig.Offsets(30));
        rig.Space.Validate();
    }

    [Theory]
    [InlineData(637, SwapStatus.Done)]
    [InlineData(638, SwapStatus.Invalid)]
    public void Mount_ManyBadPages_AreTakenUpTo637_S06(int bad, object expected)
    {
        using SwapRig rig = SwapRig.Make(layout);
        uint[] pages = [.. Enumerable.Range(1, bad).Select(i => (uint)i)];
        BlankBackend backend = rig.NewBackend(2048);
        SwapHeader.Write(backend.Header, 2047, pages.AsSpan(0, 637));
        BitConverter.TryWriteBytes(backend.Header[1032..], bad);

        SwapStatus status = rig.Space.TryMount(backend, new SwapDeviceOptions(), out int device, out string? fault);

        Assert.Equal(expected, status);
        Assert.Equal(bad > 637, fault is not null && fault.Contains("638", StringComparison.Ordinal));
        Assert.Equal(bad > 637 ? 0 : 5640, 4 * (rig.Space.Device(device)?.Pages ?? 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2048)]
    public void Mount_BadPageOutside_IsRefused_S07(uint page)
    {
        using SwapRig rig = SwapRig.Make(layout);

        Assert.Equal(SwapStatus.Invalid, rig.TryMount(2048, new(), [5, page], out _, out string? fault));
        Assert.Equal($"the swap area lists bad page {page}; they are 1 to 2047.", fault);
    }

    [Fact]
    public void Mount_BadPageTwice_DependsOnTheEra_S08()
    {
        using SwapRig phase4 = SwapRig.Make(layout);
        using SwapRig linux618 = SwapRig.Make(layout, SwapEra.Linux618);

        SwapStatus refused = phase4.TryMount(2048, new(), [5, 5], out _, out string? fault);
        int device = linux618.Mount(2048, null, 5, 5);

        Assert.Equal((SwapStatus.Invalid, "the swap area lists bad page 5 twice."), (refused, fault));
        Assert.Equal(8180, 4 * linux618.Space.Device(device)!.Pages);
        linux618.Space.Validate();
    }

    [Fact]
    public void Mount_ForeignHeader_IsRefused_S09()
    {
        using SwapRig rig = SwapRig.Make(layout);

        Assert.Equal("the swap area has version 2; only 1 is known.", Fault(rig, header => header[1024] = 2));
        Assert.Equal("not a swap area: no SWAPSPACE2 at byte 4086.", Fault(rig, header => header[4086] = (byte)'X'));
        Assert.Equal("the swap area is empty: its last page is 0.", Fault(rig, header => header.Slice(1028, 4).Clear()));
        Assert.Equal("the swap area's last page is 2303, but the device has 2048 pages.", Fault(rig, header => header[1028 + 1] = 8));
        Assert.Null(rig.Space.Device(0));
    }

    [Fact]
    public void Mount_HeaderOfTheOtherByteOrder_IsTaken_S09()
    {
        using SwapRig rig = SwapRig.Make(layout);
        BlankBackend backend = rig.NewBackend(2048);
        SwapHeader.Write(backend.Header, 2047, [9]);
        foreach (int at in (int[])[1024, 1028, 1032, 1536])
        {
            backend.Header.Slice(at, 4).Reverse();
        }

        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend, new(), out int device, out _));
        Assert.Equal(2046, rig.Space.Device(device)!.Pages);
    }

    [Fact]
    public void Mount_LastPageWithin_IsTheSize_S10()
    {
        using SwapRig rig = SwapRig.Make(layout);
        BlankBackend backend = rig.NewBackend(2048);
        SwapHeader.Write(backend.Header, 100);

        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend, new(), out int device, out _));

        Assert.Equal(400, 4 * rig.Space.Device(device)!.Pages);
        Assert.Equal([.. Enumerable.Range(1, 100).Select(i => (uint)i), 0], rig.Offsets(101));
    }

    [Fact]
    public void Mount_PlainFile_HasNoBadPagesAndNoHoles_S11()
    {
        using SwapRig rig = SwapRig.Make(layout);

        Assert.Equal(SwapStatus.Invalid, rig.TryMount(2048, new() { IsPlainFile = true }, [5], out _, out _));
        Assert.Equal(SwapStatus.Invalid, rig.TryMount(2048, new() { IsPlainFile = true, HasHoles = true }, [], out _, out _));
        Assert.Equal(SwapStatus.Done, rig.TryMount(2048, new() { IsPlainFile = true }, [], out _, out _));
    }

    [Fact]
    public void Mount_ActiveDevice_IsBusy_S12()
    {
        using SwapRig rig = SwapRig.Make(layout);
        BlankBackend backend = rig.NewBackend(2048);

        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend, new(), out _, out _));
        Assert.Equal(SwapStatus.Busy, rig.Space.TryMount(backend, new(), out _, out _));
    }

    [Fact]
    public void Mount_LastClusterCutOff_ItsTailIsBad_S13()
    {
        using SwapRig rig = SwapRig.Make(layout);

        int device = rig.Mount(700);

        Assert.Equal(699, rig.Space.Device(device)!.Pages);
        Assert.Equal(512 - (700 - 512), rig.Space.Device(device)!.UsedIn(1));
        Assert.Equal(699, rig.Offsets(800).Count(offset => offset != 0));
        rig.Space.Validate();
    }

    [Fact]
    public void Mount_DefaultPriority_DependsOnTheEra()
    {
        using SwapRig phase4 = SwapRig.Make(layout);
        using SwapRig linux618 = SwapRig.Make(layout, SwapEra.Linux618);

        Assert.Equal((-1, -1), (Priority(phase4, phase4.Mount(600)), Priority(phase4, phase4.Mount(600))));
        Assert.Equal((-2, -3), (Priority(linux618, linux618.Mount(600)), Priority(linux618, linux618.Mount(600))));
    }

    [Fact]
    public void FinishUnmount_DefaultPriorityOfLinux618_OthersMoveUp()
    {
        using SwapRig rig = SwapRig.Make(layout, SwapEra.Linux618);
        (int first, int second) = (rig.Mount(600), rig.Mount(600));
        int chosen = rig.Mount(600, new SwapDeviceOptions { Priority = 4 });

        Assert.Equal(SwapStatus.Done, rig.Space.BeginUnmount(first));
        Assert.Equal(SwapStatus.Done, rig.Space.FinishUnmount(first));

        Assert.Equal((-2, 4), (Priority(rig, second), Priority(rig, chosen)));
        Assert.Equal(-3, Priority(rig, rig.Mount(600)));
        rig.Space.Validate();
    }

    [Fact]
    public void Mount_TooManyDevices_IsRefused()
    {
        using SwapRig rig = SwapRig.Make(layout);
        for (int i = 0; i < SwapLimits.MaxDevices; i++)
        {
            rig.Mount(600);
        }

        Assert.Equal(SwapStatus.Invalid, rig.TryMount(600, new(), [], out _, out string? fault));
        Assert.Equal("there are 24 devices already, which is the most.", fault);
    }

    [Fact]
    public void Mount_EachAllocationFailed_LeavesNothing()
    {
        using SwapRig rig = SwapRig.Make(layout);
        int failures = 0;
        SwapStatus status;
        do
        {
            rig.Faults.Arm(failures++);
            status = rig.TryMount(2048, new(), [5, 600, 1100], out int number, out _);
            rig.Faults.Disarm();
            if (status != SwapStatus.Done)
            {
                Assert.Equal(SwapStatus.OutOfNativeMemory, status);
                Assert.Null(rig.Space.Device(number));
            }
        }
        while (status != SwapStatus.Done);

        Assert.InRange(failures, 4, 100);
        rig.Space.Validate();
    }

    private static int Priority(SwapRig rig, int device) => rig.Space.Device(device)!.Priority;

    private static string? Fault(SwapRig rig, SpanAction change)
    {
        BlankBackend backend = rig.NewBackend(2048);
        change(backend.Header);
        Assert.Equal(SwapStatus.Invalid, rig.Space.TryMount(backend, new SwapDeviceOptions(), out _, out string? fault));
        return fault;
    }

    private delegate void SpanAction(Span<byte> header);
}
