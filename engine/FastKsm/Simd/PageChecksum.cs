using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using FastKsm.Primitives;

namespace FastKsm.Simd;

/// <summary>Checksums of a frame's content: XXH3 of xxHash 0.8, with seed 0 and the default secret, bit for bit.</summary>
/// <remarks>
/// Contents that are whole KiB, as pages are, take the straight path of each lane; any other size works as well.
/// Thread safety: stateless.
/// </remarks>
public static class PageChecksum
{
    /// <summary>The 64-bit checksum: <c>XXH3_64bits</c>.</summary>
    /// <param name="content">A positive multiple of 16 bytes, at any alignment.</param>
    /// <exception cref="ArgumentException">The size is no positive multiple of 16 bytes.</exception>
    public static ulong Hash64(ReadOnlySpan<byte> content)
    {
        CheckSize(content);
        return Hash64(in MemoryMarshal.GetReference(content), (nuint)content.Length);
    }

    /// <summary>The 128-bit checksum: <c>XXH3_128bits</c>, its <c>high64</c> in the upper half.</summary>
    /// <param name="content">A positive multiple of 16 bytes, at any alignment.</param>
    /// <exception cref="ArgumentException">The size is no positive multiple of 16 bytes.</exception>
    public static UInt128 Hash128(ReadOnlySpan<byte> content)
    {
        CheckSize(content);
        return Hash128(in MemoryMarshal.GetReference(content), (nuint)content.Length);
    }

    /// <summary>Unchecked form: <paramref name="length"/> readable bytes, whole granules, lie behind the reference.</summary>
    internal static ulong Hash64(ref readonly byte content, nuint length)
    {
        // Each test is a JIT-time constant; exactly one call survives. AVX-512 is asked for by name: the runtime reports
        // Vector512 as not accelerated where it prefers 256-bit vectors, and this lane wins there too.
        if (Avx512F.IsSupported)
        {
            return Hash64With<ChecksumLane512>(in content, length);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            return Hash64With<ChecksumLane256>(in content, length);
        }

        return Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian
            ? Hash64With<ChecksumLane128>(in content, length)
            : Hash64With<ScalarChecksumLane>(in content, length);
    }

    /// <summary>Unchecked form: <paramref name="length"/> readable bytes, whole granules, lie behind the reference.</summary>
    internal static UInt128 Hash128(ref readonly byte content, nuint length)
    {
        if (Avx512F.IsSupported)
        {
            return Hash128With<ChecksumLane512>(in content, length);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            return Hash128With<ChecksumLane256>(in content, length);
        }

        return Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian
            ? Hash128With<ChecksumLane128>(in content, length)
            : Hash128With<ScalarChecksumLane>(in content, length);
    }

    /// <summary>The 64-bit kernel at a chosen width; right for every lane on every little-endian machine.</summary>
    internal static ulong Hash64With<TLane>(ref readonly byte content, nuint length)
        where TLane : struct, IChecksumLane
    {
        AssertSize(length);
        return length > Xxh3.LongestShort ? TLane.Hash64(in content, length) : Xxh3Short.Hash64(in content, length);
    }

    /// <summary>The 128-bit kernel at a chosen width; right for every lane on every little-endian machine.</summary>
    internal static UInt128 Hash128With<TLane>(ref readonly byte content, nuint length)
        where TLane : struct, IChecksumLane
    {
        AssertSize(length);
        return length > Xxh3.LongestShort ? TLane.Hash128(in content, length) : Xxh3Short.Hash128(in content, length);
    }

    private static void CheckSize(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty || content.Length % Sizes.ContentGranule != 0)
        {
            Throw.NotAContentSize(nameof(content), content.Length);
        }
    }

    [Conditional("DEBUG")]
    private static void AssertSize(nuint length) =>
        Debug.Assert(length != 0 && length % Sizes.ContentGranule == 0, "Contents are whole granules.");
}
