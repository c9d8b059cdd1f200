using System.Threading;
using Microsoft.Extensions.ObjectPool;

namespace FastKsm.AddressSpaces;

/// <summary>Gives out address spaces, those that are not needed any more first.</summary>
/// <typeparam name="TObserver">Observer of the address spaces.</typeparam>
/// <remarks>
/// Every one that is given out has an id of its own, whatever the object has been before. So who finds an address space by its id
/// never finds another one's. Thread safety: all members may be called concurrently.
/// </remarks>
internal sealed class SpacePool<TObserver>
    where TObserver : struct, IAddressSpaceObserver
{
    // As many are kept for later; the others are left to the garbage collector.
    private const int KeptAtMost = 4096;

    private readonly ObjectPool<AddressSpace<TObserver>> _pool;
    private uint _lastId;

    /// <param name="store">Tables of the machine.</param>
    /// <param name="observer">Whom the address spaces tell.</param>
    internal SpacePool(AddressSpaceStore store, TObserver observer) =>
        _pool = new DefaultObjectPool<AddressSpace<TObserver>>(new Policy(store, observer), KeptAtMost);

    /// <summary>Gives out an empty address space with one user.</summary>
    internal AddressSpace<TObserver> Take()
    {
        AddressSpace<TObserver> space = _pool.Get();
        space.Begin(Interlocked.Increment(ref _lastId));
        return space;
    }

    /// <summary>Takes back an address space whose last hold has ended.</summary>
    internal void Return(AddressSpace<TObserver> space) => _pool.Return(space);

    private sealed class Policy(AddressSpaceStore store, TObserver observer) : PooledObjectPolicy<AddressSpace<TObserver>>
    {
        /// <inheritdoc/>
        public override AddressSpace<TObserver> Create() => new(store, observer);

        /// <inheritdoc/>
        public override bool Return(AddressSpace<TObserver> obj) => true;
    }
}
