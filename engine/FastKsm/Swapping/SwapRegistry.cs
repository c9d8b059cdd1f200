using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>The devices that are mounted, and in which order allocation tries them: by priority, and in turn among
/// equals.</summary>
/// <remarks>Thread safety: mounting and unmounting one at a time; the rest concurrently. The latch is
/// innermost but for a count's.</remarks>
internal sealed class SwapRegistry<TLayout>
    where TLayout : struct, ISwapLayout<TLayout>
{
    private readonly SwapDevice<TLayout>?[] _devices = new SwapDevice<TLayout>?[SwapLimits.MaxDevices];

    // One past the largest number that a device has ever had.
    private int _end;

    // The only device that has room, and one; 0 when there is none, or several. Then the latch is not needed.
    private int _only;

    private AvailableDevices _available;

    /// <summary>The device of a number; null if none is mounted.</summary>
    internal SwapDevice<TLayout>? this[int number]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            SwapDevice<TLayout>?[] devices = _devices;
            return (uint)number < (uint)devices.Length ? Volatile.Read(ref devices[number]) : null;
        }
    }

    /// <summary>Whether more than half of all swap is in use: slots are not kept for pages that are in memory
    /// then.</summary>
    internal bool IsMoreThanHalfUsed
    {
        get
        {
            long total = 0;
            long free = 0;
            long slack = 0;
            for (int number = 0; number < Volatile.Read(ref _end); number++)
            {
                if (_devices[number] is { IsWritable: true } device)
                {
                    total += device.Pages;
                    free += device.Pages - device.AboutInUse;
                    slack += SlotCount.Slack;
                }
            }

            if ((free - slack) * 2 < total && (free + slack) * 2 >= total)
            {
                CountPages(out total, out free);
            }

            return free * 2 < total;
        }
    }

    /// <summary>Slots of all devices that can be allocated from, and how many of those are free.</summary>
    internal void CountPages(out long total, out long free)
    {
        total = 0;
        free = 0;
        foreach (SwapDevice<TLayout>? device in _devices)
        {
            if (device is { IsWritable: true })
            {
                total += device.Pages;
                free += device.Pages - device.InUse;
            }
        }
    }

    /// <summary>The device of an entry that the caller keeps in use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SwapDevice<TLayout> Of(SwapEntry entry)
    {
        SwapDevice<TLayout>? device = this[entry.Device];
        Debug.Assert(device is not null && entry.Offset < device.Max, "No such swap entry.");
        return device!;
    }

    /// <summary>A number that no device has; -1 if there is none.</summary>
    internal int FreeNumber() => Array.IndexOf(_devices, null);

    /// <summary>Makes a device known, and open for allocation.</summary>
    internal void Publish(SwapDevice<TLayout> device)
    {
        Volatile.Write(ref _devices[device.Number], device);
        Volatile.Write(ref _end, int.Max(_end, device.Number + 1));
        device.IsWritable = true;
        device.IsOffList = true;
        Settle(device);
    }

    /// <summary>Closes a device for allocation; what is on it stays.</summary>
    internal void Retire(SwapDevice<TLayout> device)
    {
        device.IsWritable = false;
        Settle(device);
    }

    /// <summary>Forgets a device.</summary>
    internal void Remove(SwapDevice<TLayout> device) => Volatile.Write(ref _devices[device.Number], null);

    /// <summary>After slots have been counted in or out: sees to it that the device is tried while it has room, and
    /// only then.</summary>
    /// <returns>Whether it is full.</returns>
    internal bool AfterCounting(SwapDevice<TLayout> device)
    {
        // Every thread that has changed the count comes here afterwards. So when all are through, the last one has seen the
        // count as it stays; and a thread that takes the device off the list looks at the count again behind the mark.
        bool isFull = device.IsFull;
        if (device.IsWritable && isFull != device.IsOffList)
        {
            Settle(device);
        }

        return isFull;
    }

    /// <summary>The devices that have room, in the order to try them.</summary>
    /// <param name="numbers">Room for <see cref="SwapLimits.MaxDevices"/> numbers.</param>
    /// <returns>How many there are.</returns>
    internal int Available(Span<int> numbers)
    {
        int only = Volatile.Read(ref _only);
        if (only != 0)
        {
            numbers[0] = only - 1;
            return 1;
        }

        SpinLatch.Enter(ref _available.Latch, LockRank.SwapDevices);
        ReadOnlySpan<int> all = _available.Numbers;
        all.CopyTo(numbers);
        int count = all.Length;
        SpinLatch.Exit(ref _available.Latch, LockRank.SwapDevices);
        return count;
    }

    /// <summary>Puts a device behind its equals: it is about to be tried.</summary>
    internal void Rotate(SwapDevice<TLayout> device)
    {
        if (Volatile.Read(ref _only) != 0)
        {
            return;
        }

        SpinLatch.Enter(ref _available.Latch, LockRank.SwapDevices);
        int at = _available.Numbers.IndexOf(device.Number);
        if (at >= 0)
        {
            _available.RemoveAt(at);
            Insert(device);
        }

        SpinLatch.Exit(ref _available.Latch, LockRank.SwapDevices);
    }

    private void Settle(SwapDevice<TLayout> device)
    {
        SpinLatch.Enter(ref _available.Latch, LockRank.SwapDevices);
        int at = _available.Numbers.IndexOf(device.Number);
        bool belongs = Belongs(device);
        if (at >= 0 && !belongs)
        {
            _available.RemoveAt(at);
            at = -1;
            device.IsOffList = true;

            // A release that saw the old mark does not come here: so the count is looked at again, behind a fence.
            Interlocked.MemoryBarrier();
            belongs = Belongs(device);
        }

        if (belongs && at < 0)
        {
            Insert(device);
            device.IsOffList = false;
        }

        ReadOnlySpan<int> all = _available.Numbers;
        int only = all.Length == 1 ? all[0] + 1 : 0;
        if (_only != only)
        {
            Volatile.Write(ref _only, only);
        }

        SpinLatch.Exit(ref _available.Latch, LockRank.SwapDevices);
    }

    private static bool Belongs(SwapDevice<TLayout> device) => device.IsWritable && device.InUse < device.Pages;

    private void Insert(SwapDevice<TLayout> device)
    {
        ReadOnlySpan<int> all = _available.Numbers;
        int at = 0;
        while (at < all.Length && _devices[all[at]]!.Priority >= device.Priority)
        {
            at++;
        }

        _available.Insert(at, device.Number);
    }
}
