using FastKsm.AddressSpaces;

namespace FastKsm;

/// <summary>Keeps an address space for the length of a call, whatever becomes of its process meanwhile.</summary>
internal readonly ref struct SpaceUse
{
    private readonly int _cpu;

    /// <param name="space">The address space; the caller has become a user of it.</param>
    /// <param name="cpu">CPU that unmaps everything if the process exits meanwhile.</param>
    internal SpaceUse(AddressSpace space, int cpu)
    {
        Space = space;
        _cpu = cpu;
    }

    /// <summary>The address space.</summary>
    internal AddressSpace Space { get; }

    /// <summary>Lets go of it.</summary>
    public void Dispose() => Space.DropUser(_cpu);
}
