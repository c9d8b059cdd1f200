using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>The devices that are mounted, and in which order allocation tries them: by priority, and in turn among
/// equals.</summary>
/// <remarks>Thread safety: mounting and unmounting one at a time; the rest concurrently. The latch is
/// innermost.</remarks>
internal sealed class SwapRegistry<TLayout>
    where TLayout : struct, ISwapLayout<TLayout>
{
    private readonly SwapDevice<TLayout>?[] _devices = new SwapDevice<TLayout>?[SwapLimits.MaxDevices];
    private readonly int[] _available = new int[SwapLimits.MaxDevices];
    private int _availableCount;
    private int _latch;

    /// <summary>The device of a number; null if none is mounted.</summary>
    internal SwapDevice<TLayout>? this[int number] =>
        (uint)number < (uint)_devices.Length ? Volatile.Read(ref _devices[number]) : null;

    /// <summary>Whether more than half of all swap is in use: slots are not kept for pages that are in memory
    /// then.</summary>
    internal bool IsMoreThanHalfUsed
    {
        get
        {
            CountPages(out long total, out long free);
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

    /// <summary>A number that no device has; -1 if there is none.</summary>
    internal int FreeNumber() => Array.IndexOf(_devices, null);

    /// <summary>Makes a device known, and open for allocation.</summary>
    internal void Publish(SwapDevice<TLayout> device)
    {
        Volatile.Write(ref _devices[device.Number], device);
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

    /// <summary>After slots have been allocated or freed: puts the device on or off the list of those that have
    /// room.</summary>
    internal void Settle(SwapDevice<TLayout> device)
    {
        SpinLatch.Enter(ref _latch);
        bool isListed = Array.IndexOf(_available, device.Number, 0, _availableCount) >= 0;
        bool belongs = device.IsWritable && device.InUse < device.Pages;
        if (isListed && !belongs)
        {
            Delete(device.Number);
            device.IsOffList = true;

            // A release that saw the old mark does not come here: so the count is looked at again, behind a fence.
            Interlocked.MemoryBarrier();
            belongs = device.IsWritable && device.InUse < device.Pages;
            isListed = false;
        }

        if (belongs && !isListed)
        {
            Insert(device);
            device.IsOffList = false;
        }

        SpinLatch.Exit(ref _latch);
    }

    /// <summary>The devices that have room, in the order to try them.</summary>
    /// <param name="numbers">Room for <see cref="SwapLimits.MaxDevices"/> numbers.</param>
    /// <returns>How many there are.</returns>
    internal int Available(Span<int> numbers)
    {
        SpinLatch.Enter(ref _latch);
        int count = _availableCount;
        _available.AsSpan(0, count).CopyTo(numbers);
        SpinLatch.Exit(ref _latch);
        return count;
    }

    /// <summary>Puts a device behind its equals: it is about to be tried.</summary>
    internal void Rotate(SwapDevice<TLayout> device)
    {
        SpinLatch.Enter(ref _latch);
        if (_availableCount > 1 && Array.IndexOf(_available, device.Number, 0, _availableCount) >= 0)
        {
            Delete(device.Number);
            Insert(device);
        }

        SpinLatch.Exit(ref _latch);
    }

    private void Delete(int number)
    {
        int at = Array.IndexOf(_available, number, 0, _availableCount);
        _availableCount--;
        Array.Copy(_available, at + 1, _available, at, _availableCount - at);
    }

    private void Insert(SwapDevice<TLayout> device)
    {
        int at = 0;
        while (at < _availableCount && _devices[_available[at]]!.Priority >= device.Priority)
        {
            at++;
        }

        Debug.Assert(_availableCount < _available.Length, "A device is on the list once.");
        Array.Copy(_available, at, _available, at + 1, _availableCount - at);
        _available[at] = device.Number;
        _availableCount++;
    }
}
