using System;
using System.Buffers.Binary;
using System.IO;
using System.Numerics;

namespace FastKsm.Cli.Recording;

/// <summary>
/// Stands for the content of a page in a recording: SipHash-2-4 of its checksum, under a key that nobody keeps.
/// </summary>
/// <remarks>
/// <para>
/// A recording is carried away, sent to a colleague, attached to a report. A plain checksum in it would answer the
/// question "did this process hold this page?" for every page that an attacker can write down: a library's version, a
/// known document, a key with few unknown bits, found by trying all of them. So each recording draws a key of 128 bits
/// from the kernel, uses it in memory, and throws it away when it ends. What that stops: trying contents, in the file
/// or later; linking pages of two recordings, even of the same host. What it costs: a recording cannot be continued,
/// nor compared with another page by page. A key kept in the file would stop nothing, since whoever has the file has
/// the key.
/// </para>
/// <para>
/// What it cannot stop: which pages were equal to which, when they changed, and which were zeroes; a replay needs just
/// that. An attacker whose own process is in the same recording can plant a page and see in the file whether another
/// process had it too. That is the side channel that merging itself has; record tenants apart who must not learn of
/// each other.
/// </para>
/// <para>
/// SipHash (Aumasson and Bernstein, 2012) is a pseudo-random function of short inputs: without the key, its values tell
/// nothing of the checksum. Two different contents get one fingerprint with a chance of some 2^-64.
/// </para>
/// <para>Thread safety: immutable but for <see cref="Forget"/>.</para>
/// </remarks>
internal sealed class KeyedFingerprint
{
    /// <summary>Stands for a page of zeroes.</summary>
    internal const ulong Zero = 0;

    private const int KeyBytes = 16;

    private ulong _first;
    private ulong _second;

    private KeyedFingerprint(ulong first, ulong second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>With a key of 128 random bits of the kernel's.</summary>
    /// <exception cref="IOException">The kernel gives none.</exception>
    internal static KeyedFingerprint Draw()
    {
        // Not by .NET's generator: that loads a library of cryptography, which small systems do not have.
        Span<byte> key = stackalloc byte[KeyBytes];
        using FileStream source = File.OpenRead("/dev/urandom");
        source.ReadExactly(key);
        return Of(key);
    }

    /// <summary>With a given key, for tests.</summary>
    /// <param name="key">16 bytes.</param>
    internal static KeyedFingerprint Of(ReadOnlySpan<byte> key) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(key), BinaryPrimitives.ReadUInt64LittleEndian(key[sizeof(ulong)..]));

    /// <summary>Forgets the key: from now on nobody can make a fingerprint of this recording.</summary>
    internal void Forget() => (_first, _second) = (0, 0);

    /// <summary>The fingerprint of a page that is not all zeroes; never <see cref="Zero"/>.</summary>
    /// <param name="checksum">Checksum of its content.</param>
    internal ulong Of(ulong checksum)
    {
        ulong hash = SipHash(checksum);
        return hash == Zero ? 1 : hash;
    }

    /// <summary>SipHash-2-4 of eight bytes, little-endian.</summary>
    internal ulong SipHash(ulong message)
    {
        const ulong LengthBlock = (ulong)sizeof(ulong) << 56;
        ulong v0 = _first ^ 0x736f6d6570736575;
        ulong v1 = _second ^ 0x646f72616e646f6d;
        ulong v2 = _first ^ 0x6c7967656e657261;
        ulong v3 = _second ^ 0x7465646279746573;
        foreach (ulong block in (ReadOnlySpan<ulong>)[message, LengthBlock])
        {
            v3 ^= block;
            Round(ref v0, ref v1, ref v2, ref v3);
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= block;
        }

        v2 ^= 0xff;
        for (int i = 0; i < 4; i++)
        {
            Round(ref v0, ref v1, ref v2, ref v3);
        }

        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
