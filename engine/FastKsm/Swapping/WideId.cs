using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>An id in the room of a 64-bit pointer.</summary>
[StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
internal struct WideId
{
    /// <summary>The id; 0 for none.</summary>
    internal uint Id;
}
