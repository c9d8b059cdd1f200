
namespace FastKsm.AddressSpaces;

/// <summary>What a fault needs, and gets while it holds no latch.</summary>
internal enum Preparation : byte
{
    /// <summary>Nothing: the fault is over.</summary>
    None,

    /// <summary>To look again: another thread is changing the entry.</summary>
    Wait,

    /// <summary>A frame of zeroes.</summary>
    Zeroed,

    /// <summary>A frame with a copy of the one that is mapped.</summary>
    Copy,

    /// <summary>A frame with what was paged out.</summary>
    SwapIn,

    /// <summary>The backing object's frame, and for a private write a copy of it.</summary>
    Backing,

    /// <summary>512 frames of zeroes.</summary>
    Huge,

    /// <summary>The flush that lies between the old frame and the new one.</summary>
    Flush,
}
