using System.Threading;
using Microsoft.Extensions.ObjectPool;

namespace FastKsm.AddressSpaces;

/// <summary>Address spaces that nothing needs any more, to be used again, and their ids.</summary>
/// <remarks>
/// An id is given out once: what still names an address space that has gone, a VMA record or a merged page, finds none.
/// Thread safety: all members may be called concurrently.
/// </remarks>
internal sealed class SpacePool
{
    // As many are kept for later; the others are left to the garbage collector.
    private const int KeptAtMost = 4096;

    private readonly ObjectPool<AddressSpace> _pool;
    private uint _lastId;

    /// <param name="store">Tables of the machine.</param>
    internal SpacePool(AddressSpaceStore store) =>
        _pool = new DefaultObjectPool<AddressSpace>(new Policy(store, this), KeptAtMost);

    /// <summary>An empty address space with one user, the caller.</summary>
    internal AddressSpace Take()
    {
        AddressSpace space = _pool.Get();
        space.Begin(Interlocked.Increment(ref _lastId));
        return space;
    }

    /// <summary>Takes back the record of one that is not needed any more; no lock of it is held.</summary>
    internal void Return(AddressSpace space) => _pool.Return(space);

    private sealed class Policy(AddressSpaceStore store, SpacePool owner) : PooledObjectPolicy<AddressSpace>
    {
        /// <inheritdoc/>
        public override AddressSpace Create() => new(store, owner);

        /// <inheritdoc/>
        public override bool Return(AddressSpace obj) => true;
    }
}
