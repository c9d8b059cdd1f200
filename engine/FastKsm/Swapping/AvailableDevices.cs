using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>Numbers of the devices that have room, in the order to try them, away from the cache lines of what stands
/// beside them.</summary>
[StructLayout(LayoutKind.Explicit, Size = (3 * Sizes.FalseSharingStride) + 16)]
internal struct AvailableDevices
{
    /// <summary>Guards the rest.</summary>
    [FieldOffset(Sizes.FalseSharingStride)]
    internal int Latch;

    [FieldOffset(Sizes.FalseSharingStride + 4)]
    private int _count;

    [FieldOffset(Sizes.FalseSharingStride + 8)]
    private Slots _slots;

    /// <summary>The numbers.</summary>
    [UnscopedRef]
    internal ReadOnlySpan<int> Numbers => ((Span<int>)_slots)[.._count];

    /// <summary>Puts a number at a place.</summary>
    internal void Insert(int at, int number)
    {
        Span<int> slots = _slots;
        slots[at.._count].CopyTo(slots[(at + 1)..]);
        slots[at] = number;
        _count++;
    }

    /// <summary>Takes the number at a place away.</summary>
    internal void RemoveAt(int at)
    {
        Span<int> slots = _slots;
        slots[(at + 1).._count].CopyTo(slots[at..]);
        _count--;
    }

    [InlineArray(SwapLimits.MaxDevices)]
    private struct Slots
    {
        private int _first;
    }
}
