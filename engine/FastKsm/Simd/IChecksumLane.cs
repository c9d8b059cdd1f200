using System;

namespace FastKsm.Simd;

/// <summary>The long form of XXH3 at one vector width. Implemented by empty structs, resolved by the JIT.</summary>
/// <remarks>
/// <para>
/// For each stripe the published form adds to accumulator i the product of the two halves of word i after the secret was
/// mixed in, and to accumulator i^1 the word itself. Sums commute, so within a block the lanes add products and words into
/// sums of their own and exchange neighbours once, where the block ends: five vector operations a step instead of six, and
/// the scramble's long dependency chain overlaps with the sums of the next block.
/// </para>
/// <para>Thread safety: stateless.</para>
/// </remarks>
internal interface IChecksumLane
{
    /// <summary>The 64-bit result for a content longer than <see cref="Xxh3.LongestShort"/>.</summary>
    /// <param name="content">First byte; <paramref name="length"/> readable bytes lie behind it, at any alignment.</param>
    /// <param name="length">Bytes, a multiple of 16.</param>
    static abstract ulong Hash64(ref readonly byte content, nuint length);

    /// <summary>The 128-bit result for a content longer than <see cref="Xxh3.LongestShort"/>.</summary>
    /// <param name="content">First byte; <paramref name="length"/> readable bytes lie behind it, at any alignment.</param>
    /// <param name="length">Bytes, a multiple of 16.</param>
    static abstract UInt128 Hash128(ref readonly byte content, nuint length);
}
