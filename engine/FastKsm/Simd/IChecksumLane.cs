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
    /// <summary>Runs all stripes of a content longer than <see cref="Xxh3.LongestShort"/>.</summary>
    /// <param name="content">First byte; <paramref name="length"/> readable bytes lie behind it, at any alignment.</param>
    /// <param name="length">Bytes, a multiple of 16.</param>
    /// <param name="accumulators">Receives the eight accumulators.</param>
    static abstract void Accumulate(ref readonly byte content, nuint length, ref ulong accumulators);
}
