using System;

namespace FastKsm;

/// <summary>
/// An operation was refused as Linux refuses it. What it had done before the obstacle stays done, as on Linux.
/// </summary>
public sealed class MemoryOperationException : Exception
{
    /// <summary>Refused without a reason.</summary>
    public MemoryOperationException()
        : this("The operation was refused.")
    {
    }

    /// <summary>Refused without an error number.</summary>
    /// <param name="message">What was refused.</param>
    public MemoryOperationException(string message)
        : base(message)
    {
    }

    /// <summary>Refused because of something else.</summary>
    /// <param name="message">What was refused.</param>
    /// <param name="innerException">Why.</param>
    public MemoryOperationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Refused with an error number.</summary>
    /// <param name="message">What was refused.</param>
    /// <param name="error">The error number.</param>
    public MemoryOperationException(string message, Errno error)
        : base(message) => Error = error;

    /// <summary>The error number that Linux gives.</summary>
    public Errno Error { get; }
}
