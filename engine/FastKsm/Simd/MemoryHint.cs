using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace FastKsm.Simd;

/// <summary>Tells the CPU what will be read soon. Changes nothing but time.</summary>
internal static unsafe class MemoryHint
{
    /// <summary>Fetches the cache line of a value in native memory; nothing where the runtime offers no such instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Prefetch<T>(ref readonly T value)
        where T : unmanaged
    {
        if (Sse.IsSupported)
        {
            // Native memory does not move, and a prefetch of a bad address is no fault.
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in value)));
        }
    }
}
