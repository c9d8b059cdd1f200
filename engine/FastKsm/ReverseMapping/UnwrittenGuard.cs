using FastKsm.Primitives;

namespace FastKsm.ReverseMapping;

/// <summary>The reader has no lock, and sees afterwards whether somebody has had it alone.</summary>
/// <param name="latch">The lock.</param>
/// <param name="generation">What it was at when the reader began.</param>
internal readonly struct UnwrittenGuard(ReaderWriterLatch latch, uint generation) : IReadGuard
{
    /// <inheritdoc/>
    public bool Holds => latch.IsUnwritten(generation);
}
