using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastKsm.Memory;

/// <summary>Free frames of a CPU's home node that this CPU takes and gives back without touching the node.</summary>
/// <remarks>
/// Last in, first out, so that a frame comes back while its content is in the host's cache. Thread safety: guarded by
/// <see cref="Latch"/>, which others take only to drain the cache before exhaustion is reported.
/// </remarks>
// 248 bytes of content and two lines of air: two caches never meet on a line, wherever the array begins.
[StructLayout(LayoutKind.Sequential, Size = 384)]
internal struct CpuFrameCache
{
    /// <summary>Frames a cache can hold.</summary>
    internal const int Capacity = 60;

    /// <summary>Frames moved between cache and node at once.</summary>
    internal const int Batch = Capacity / 2;

    /// <summary>Guards the cache.</summary>
    internal int Latch;

    /// <summary>Frames held.</summary>
    internal int Count;

    /// <summary>The frames; the last one is the next to go.</summary>
    internal Slots Frames;

    /// <summary>Frame numbers in place.</summary>
    [InlineArray(Capacity)]
    internal struct Slots
    {
        private uint _first;
    }
}
