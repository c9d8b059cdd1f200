
namespace FastKsm.Merging;

/// <summary>
/// Linux's index: red-black trees in memcmp order. Exact to the last counter, also when contents change during a scan.
/// </summary>
/// <remarks>Thread safety: under the ksm mutex.</remarks>
internal sealed class ContentTree : IMergeIndex
{
    private readonly UnstableTree _unstable;

    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal ContentTree(MergeParts parts)
    {
        _unstable = new UnstableTree(parts);
        Stable = new StableTree(parts, hashed: false);
    }

    /// <inheritdoc/>
    public StableTree Stable { get; }

    /// <inheritdoc/>
    public long UsedBytes => _unstable.UsedBytes + Stable.UsedBytes;

    /// <inheritdoc/>
    public void ForgetUnstable() => _unstable.Forget();

    /// <inheritdoc/>
    public void Prefetch(ulong hash)
    {
        // A walk's path is known only step by step.
    }

    /// <inheritdoc/>
    public bool Foretells(Pfn frame, ulong hash, out uint partner)
    {
        // A checksum tells no place in the trees; a walk would borrow every page that it passes.
        partner = 0;
        return false;
    }

    /// <inheritdoc/>
    public UnstableMatch SearchOrInsert(uint item, Pfn frame, ulong hash) => _unstable.SearchOrInsert(item, frame);

    /// <inheritdoc/>
    public void Remove(uint item) => _unstable.Remove(item);

    /// <inheritdoc/>
    public void PagesLost()
    {
        // A walk meets them, and what it does then is what Linux does.
    }

    /// <inheritdoc/>
    public void Validate(long entered) => _unstable.Validate(entered);

    /// <inheritdoc/>
    public void Dispose()
    {
        Stable.Dispose();
        _unstable.Dispose();
    }
}
