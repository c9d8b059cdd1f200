using FastKsm.AddressSpaces;

namespace FastKsm;

/// <summary>What a machine learns from its address spaces.</summary>
internal readonly struct MachineObserver : IAddressSpaceObserver
{
    private readonly Machine _machine;

    internal MachineObserver(Machine machine) => _machine = machine;

    /// <inheritdoc/>
    public void TranslationsKilled(uint addressSpace, ulong firstPage, ulong pages)
    {
        // No CPU caches a translation: every access reads the page table under the leaf's latch.
    }

    /// <inheritdoc/>
    public void MergedFrameCopied(uint addressSpace) => _machine.CountMergedFrameCopied();

    /// <inheritdoc/>
    public void MergerZeroPagesChanged(uint addressSpace, long change) => _machine.CountMergerZeroPages(change);

    /// <inheritdoc/>
    public bool TryRegisterMergeable(uint addressSpace) => true;

    /// <inheritdoc/>
    public void MergeableExits(uint addressSpace)
    {
        // Nothing is kept about a registered address space until something scans it.
    }
}
