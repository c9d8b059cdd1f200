using System;

namespace FastKsm;

/// <summary>The host has no memory, or no address space, for the engine's own tables. Nothing has changed.</summary>
public sealed class OutOfNativeMemoryException : Exception
{
    /// <summary>Reports exhaustion without saying where.</summary>
    public OutOfNativeMemoryException()
        : this("The host has no memory for the machine's tables.")
    {
    }

    /// <summary>Reports exhaustion.</summary>
    /// <param name="message">What could not be had.</param>
    public OutOfNativeMemoryException(string message)
        : base(message)
    {
    }

    /// <summary>Reports exhaustion that something else brought to light.</summary>
    /// <param name="message">What could not be had.</param>
    /// <param name="innerException">How it came to light.</param>
    public OutOfNativeMemoryException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
