using System;
using System.Diagnostics;
using FastKsm.Memory;

namespace FastKsm.Tlb;

/// <summary>
/// Frames and page tables that a gather holds back, in native memory that gathers take over from one another.
/// </summary>
/// <remarks>Thread safety: none; a gather's own.</remarks>
internal sealed class GatherQueue : IDisposable
{
    private readonly NativeColumn<uint> _entries;

    private GatherQueue(NativeColumn<uint> entries) => _entries = entries;

    /// <summary>The next spare one.</summary>
    internal GatherQueue? Next { get; set; }

    /// <summary>The frames: at most as many as fit before a flush is forced.</summary>
    internal Span<uint> Frames => _entries.Run(0, GatherLimits.Frames);

    /// <summary>The page tables.</summary>
    internal Span<uint> Tables => _entries.Run(GatherLimits.Frames, GatherLimits.Tables);

    /// <summary>Makes one; null when the host has no memory.</summary>
    internal static GatherQueue? TryMake(AllocationFaults faults)
    {
        Debug.Assert(GatherLimits.Frames > 0, "A queue holds something.");
#pragma warning disable CA2000 // The queue owns it.
        return NativeColumn<uint>.TryMake(GatherLimits.Frames + GatherLimits.Tables, faults) is { } entries
            ? new GatherQueue(entries)
            : null;
#pragma warning restore CA2000
    }

    /// <inheritdoc/>
    public void Dispose() => _entries.Dispose();
}
