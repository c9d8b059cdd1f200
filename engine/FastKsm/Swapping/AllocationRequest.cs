using System;
using System.Runtime.CompilerServices;

namespace FastKsm.Swapping;

/// <summary>Folios of one order that want slots, and how far that has got.</summary>
internal ref struct AllocationRequest
{
    /// <summary>First frames of the folios.</summary>
    internal ReadOnlySpan<Pfn> Heads;

    /// <summary>Room for the first slot of each.</summary>
    internal Span<SwapEntry> Entries;

    /// <summary>Their order.</summary>
    internal int Order;

    /// <summary>Group for which they are allocated; 0 for none.</summary>
    internal ushort Group;

    /// <summary>CPU that allocates.</summary>
    internal int Cpu;

    /// <summary>Folios that have their slots.</summary>
    internal int Done;

    /// <summary>Whether the host had no memory for a table.</summary>
    internal bool HasFailed;

    /// <summary>A device that has become full on the way.</summary>
    internal int? Filled;

    /// <summary>Slots of a folio.</summary>
    internal readonly int Slots
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 << Order;
    }

    /// <summary>Folios that have no slots yet.</summary>
    internal readonly int Left
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Heads.Length - Done;
    }

    /// <summary>Whether all folios have their slots.</summary>
    internal readonly bool IsDone
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Done == Heads.Length;
    }
}
