using System;
using System.Runtime.InteropServices;

namespace FastKsm.Simd;

/// <summary>Holds one lane of <see cref="PageChecksum"/> against published values and against the scalar lane.</summary>
internal static class ChecksumCheck
{
    // Length, XXH3_64bits, and the halves of XXH3_128bits of the first bytes of xxHash's own sanity buffer, with seed 0.
    private static readonly (int Length, ulong Hash64, ulong High, ulong Low)[] s_published =
    [
        (16, 0x981B17D36C7498C9, 0xC68C368ECF8A9C05, 0x562980258A998629),
        (48, 0x397DA259ECBA1F11, 0xA002AC4E5478227E, 0xF942219AED80F67B),
        (240, 0x81C3C2B67F568CCF, 0xAA4202DAA2769DC8, 0x5C9AAE94C8EBE5A0),
        (512, 0x617E49599013CB6B, 0x18D2D110DCC9BCA1, 0x617E49599013CB6B),
        (2048, 0xDD59E2C3A5F038E0, 0xF736557FD47073A5, 0xDD59E2C3A5F038E0),
        (2240, 0x6E73A90539CF2948, 0xCCB134FBFA7CE49D, 0x6E73A90539CF2948),
        (4096, 0xE91206429D1F48F9, 0xB9CFAEA2CA5626A4, 0xE91206429D1F48F9),
    ];

    /// <summary>Runs the checks.</summary>
    /// <returns>The first wrong result, or null.</returns>
    internal static string? Run<TLane>(int seed)
        where TLane : struct, IChecksumLane
    {
        byte[] sanity = SanityBuffer();
        foreach ((int length, ulong hash64, ulong high, ulong low) in s_published)
        {
            if (Wrong<TLane>(sanity.AsSpan(0, length), hash64, new UInt128(high, low)))
            {
                return $"published value missed at {length} bytes";
            }
        }

        foreach (byte[] bytes in CheckContents.Make(seed))
        {
            foreach (int length in CheckContents.Lengths)
            {
                for (int alignment = 0; alignment < CheckContents.Alignments; alignment++)
                {
                    ReadOnlySpan<byte> content = bytes.AsSpan(alignment, length);
                    if (Wrong<TLane>(content, Hash64<ScalarChecksumLane>(content), Hash128<ScalarChecksumLane>(content)))
                    {
                        return $"scalar differs at {length} bytes, alignment {alignment}, seed {seed}";
                    }
                }
            }
        }

        return null;
    }

    private static bool Wrong<TLane>(ReadOnlySpan<byte> content, ulong hash64, UInt128 hash128)
        where TLane : struct, IChecksumLane =>
        Hash64<TLane>(content) != hash64 || Hash128<TLane>(content) != hash128;

    private static ulong Hash64<TLane>(ReadOnlySpan<byte> content)
        where TLane : struct, IChecksumLane =>
        PageChecksum.Hash64With<TLane>(in MemoryMarshal.GetReference(content), (nuint)content.Length);

    private static UInt128 Hash128<TLane>(ReadOnlySpan<byte> content)
        where TLane : struct, IChecksumLane =>
        PageChecksum.Hash128With<TLane>(in MemoryMarshal.GetReference(content), (nuint)content.Length);

    // The generator and its two primes are those of xxHash's sanity check.
    private static byte[] SanityBuffer()
    {
        byte[] buffer = new byte[CheckContents.LongestBytes];
        ulong state = 2654435761;
        for (int index = 0; index < buffer.Length; index++)
        {
            buffer[index] = (byte)(state >> 56);
            state *= 11400714785074694797;
        }

        return buffer;
    }
}
