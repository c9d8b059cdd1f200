using System;

namespace FastKsm;

/// <summary>No page frame is free on any node of the machine. Nothing has changed.</summary>
public sealed class OutOfFramesException : Exception
{
    /// <summary>Reports exhaustion without saying of what machine.</summary>
    public OutOfFramesException()
        : this("No page frame is free.")
    {
    }

    /// <summary>Reports exhaustion.</summary>
    /// <param name="message">What could not be had.</param>
    public OutOfFramesException(string message)
        : base(message)
    {
    }

    /// <summary>Reports exhaustion that something else brought to light.</summary>
    /// <param name="message">What could not be had.</param>
    /// <param name="innerException">How it came to light.</param>
    public OutOfFramesException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
