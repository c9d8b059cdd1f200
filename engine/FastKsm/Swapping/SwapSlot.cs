using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>One paged-out page. 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SwapSlot
{
    /// <summary>Swap entries in page tables that name it; while free, something else.</summary>
    internal int Count;

    /// <summary>1 while in use.</summary>
    internal int InUse;
}
