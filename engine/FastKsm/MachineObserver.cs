using FastKsm.AddressSpaces;
using FastKsm.Tlb;

namespace FastKsm;

/// <summary>What a machine learns from its address spaces.</summary>
internal readonly struct MachineObserver : IAddressSpaceObserver
{
    private readonly Machine _machine;

    internal MachineObserver(Machine machine) => _machine = machine;

    /// <inheritdoc/>
    public void TranslationsKilled(FlushSite site, uint addressSpace, ulong firstPage, ulong pages)
    {
        // No CPU caches a translation: every access reads the page table under the leaf's latch. Only the oracle does as if.
        if (OracleSwitch.IsOn)
        {
            _machine.Store.Oracle?.Flushed(site, addressSpace, firstPage, pages);
        }
    }

    /// <inheritdoc/>
    public void MergedFrameCopied(uint addressSpace) => _machine.CountMergedFrameCopied();

    /// <inheritdoc/>
    public void MergerZeroPagesChanged(uint addressSpace, long change) => _machine.CountMergerZeroPages(change);

    /// <inheritdoc/>
    public bool TryRegisterMergeable<TObserver>(AddressSpace<TObserver> addressSpace)
        where TObserver : struct, IAddressSpaceObserver
    {
        _machine.Merger.Register(Own(addressSpace));
        return true;
    }

    /// <inheritdoc/>
    public void MergeableExits<TObserver>(AddressSpace<TObserver> addressSpace)
        where TObserver : struct, IAddressSpaceObserver => _machine.Merger.Exit(Own(addressSpace));

    /// <inheritdoc/>
    public void AddressSpaceUnused<TObserver>(AddressSpace<TObserver> addressSpace)
        where TObserver : struct, IAddressSpaceObserver => _machine.Spaces.Return(Own(addressSpace));

    // Every address space that calls is one of this machine's, so the two types are one.
    private static AddressSpace<MachineObserver> Own<TObserver>(AddressSpace<TObserver> addressSpace)
        where TObserver : struct, IAddressSpaceObserver => (AddressSpace<MachineObserver>)(object)addressSpace;
}
