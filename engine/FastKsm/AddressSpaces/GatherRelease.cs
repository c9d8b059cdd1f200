using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Lets go of what a gather has held back.</summary>
internal readonly struct GatherRelease : IGatherRelease
{
    private readonly AddressSpace _space;
    private readonly int _cpu;

    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    internal GatherRelease(AddressSpace space, int cpu)
    {
        _space = space;
        _cpu = cpu;
    }

    /// <inheritdoc/>
    public void ReleaseFrame(Pfn frame, bool isHuge, bool delayedRmap) => _space.Store.Frames.Release(_cpu, frame);

    /// <inheritdoc/>
    public void ReleaseTable(uint leaf) => _space.Table.FreeLeaf(leaf);
}
