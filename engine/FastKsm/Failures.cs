using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>From what the engine reports to what the face throws.</summary>
[StackTraceHidden]
internal static class Failures
{
    /// <summary>Throws for an outcome other than done.</summary>
    /// <param name="status">The outcome.</param>
    /// <param name="operation">Name of the operation, for the message.</param>
    /// <param name="address">Address it was about; 0 if it was about no place in particular.</param>
    internal static void Check(MemoryStatus status, string operation, ulong address)
    {
        if (status != MemoryStatus.Done)
        {
            Throw(status, operation, address);
        }
    }

    /// <summary>Turns an outcome other than done into its exception.</summary>
    /// <param name="status">The outcome.</param>
    /// <param name="operation">Name of the operation, for the message.</param>
    /// <param name="address">Address it was about; 0 if it was about no place in particular.</param>
    [DoesNotReturn]
    internal static void Throw(MemoryStatus status, string operation, ulong address) => throw (status switch
    {
        MemoryStatus.OutOfFrames => new OutOfFramesException($"No page frame is free: {Place(operation, address)}."),
        MemoryStatus.OutOfNativeMemory => new OutOfNativeMemoryException(
            $"The host has no memory for the machine's tables: {Place(operation, address)}."),
        MemoryStatus.NotMapped => new SegmentationFaultException(address, isMapped: false),
        MemoryStatus.NotPermitted => new SegmentationFaultException(address, isMapped: true),
        MemoryStatus.Invalid => Refusal(operation, address, Errno.Invalid, "it does not apply to this mapping"),
        MemoryStatus.AccessDenied => Refusal(operation, address, Errno.AccessDenied, "the mapping may never permit this"),
        MemoryStatus.BadAddress => Refusal(operation, address, Errno.BadAddress, "the range is not mapped as it must be"),
        MemoryStatus.Busy => Refusal(operation, address, Errno.Busy, "the page is in use"),
        MemoryStatus.NoMemory => Refusal(
            operation, address, Errno.NoMemory, "a hole in the range, no room, or too many mappings"),
        _ => new UnreachableException($"{status} is not a failure."),
    });

    private static MemoryOperationException Refusal(string operation, ulong address, Errno error, string reason) =>
        new($"{Place(operation, address)} was refused: {reason} ({error}).", error);

    private static string Place(string operation, ulong address) =>
        address == 0 ? operation : $"{operation} at 0x{address:x}";
}
