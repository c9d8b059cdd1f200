using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FastKsm.Primitives;

namespace FastKsm.Simd;

/// <summary>Tells whether a frame's content is all zero, as the content of the shared zero frame is.</summary>
/// <remarks>Thread safety: stateless.</remarks>
public static class PageZero
{
    /// <summary>Whether every byte is zero.</summary>
    /// <param name="content">A positive multiple of 16 bytes, at any alignment.</param>
    /// <exception cref="ArgumentException">The size is no positive multiple of 16 bytes.</exception>
    public static bool IsZero(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty || content.Length % Sizes.ContentGranule != 0)
        {
            Throw.NotAContentSize(nameof(content), content.Length);
        }

        return IsZero(in MemoryMarshal.GetReference(content), (nuint)content.Length);
    }

    /// <summary>Unchecked form: <paramref name="length"/> readable bytes, whole granules, lie behind the reference.</summary>
    internal static bool IsZero(ref readonly byte content, nuint length)
    {
        // Most contents show in their first word that they are something else.
        if (Unsafe.ReadUnaligned<ulong>(in content) != 0)
        {
            return false;
        }

        // Each test is a JIT-time constant; exactly one call survives.
        if (Vector256.IsHardwareAccelerated)
        {
            return IsZeroWith<Lane256>(in content, length);
        }

        return Vector128.IsHardwareAccelerated
            ? IsZeroWith<Lane128>(in content, length)
            : IsZeroWith<ScalarLane>(in content, length);
    }

    /// <summary>The kernel at a chosen width. Right for every lane on every machine; tests call it for all.</summary>
    internal static bool IsZeroWith<TLane>(ref readonly byte content, nuint length)
        where TLane : struct, IPageLane
    {
        Debug.Assert(length != 0 && length % Sizes.ContentGranule == 0, "Contents are whole granules.");

        nuint wholeSteps = length & ~(TLane.Step - 1);
        return TLane.IsZero(in content, wholeSteps)
            && (wholeSteps == length || IsRestZero(in content, wholeSteps, length));
    }

    // Only contents that are not whole steps, such as fingerprints, have bytes to go.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsRestZero(ref readonly byte content, nuint offset, nuint length)
    {
        for (; offset < length; offset += sizeof(ulong))
        {
            if (Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref Unsafe.AsRef(in content), offset)) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
