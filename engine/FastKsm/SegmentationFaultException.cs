using System;

namespace FastKsm;

/// <summary>A process touched an address that it may not touch (SIGSEGV). No byte has been read or written.</summary>
public sealed class SegmentationFaultException : Exception
{
    /// <summary>A fault at an unknown address.</summary>
    public SegmentationFaultException()
        : this("The access is not permitted.")
    {
    }

    /// <summary>A fault at an unknown address.</summary>
    /// <param name="message">What happened.</param>
    public SegmentationFaultException(string message)
        : base(message)
    {
    }

    /// <summary>A fault at an unknown address.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">Why.</param>
    public SegmentationFaultException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A fault.</summary>
    /// <param name="address">First address that could not be used.</param>
    /// <param name="isMapped">Whether a mapping is there that forbids the access (SEGV_ACCERR).</param>
    public SegmentationFaultException(ulong address, bool isMapped)
        : base(isMapped ? $"The mapping at 0x{address:x} forbids the access." : $"Nothing is mapped at 0x{address:x}.")
    {
        Address = address;
        IsMapped = isMapped;
    }

    /// <summary>First address that could not be used.</summary>
    public ulong Address { get; }

    /// <summary>Whether a mapping is there that forbids the access (SEGV_ACCERR), or none (SEGV_MAPERR).</summary>
    public bool IsMapped { get; }
}
