using System.Runtime.InteropServices;

namespace FastKsm.AddressSpaces;

/// <summary>A frame that is out on loan. 12 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PinRecord
{
    /// <summary>How it is borrowed. The free list runs through this word.</summary>
    internal PinKind Kind;

    /// <summary>
    /// The frame; none while the record is free, or when a zero frame was borrowed, which is not counted.
    /// </summary>
    internal Pfn Frame;

    /// <summary>Which loan this is: one number for each of the machine; 0 while the record is free.</summary>
    internal uint Loan;
}
