using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>Makes flush operations of the events that one thread has left behind.</summary>
/// <remarks>
/// An operation that other CPUs take part in shows as two events: it is sent, and then the initiator's own CPU does its
/// part, if it runs the address space. Both are one operation. Its strides are those of the own part, which counts in
/// the operation's stride; the event of sending counts 4 KiB pages whatever the stride, and stands alone where the
/// initiator is a kernel thread. An own CPU that was behind may flush all where a range was asked for: the range is
/// what the operation is.
/// </remarks>
internal static class FlushDecoder
{
    /// <summary>Decodes.</summary>
    /// <param name="events">The events of a thread, oldest first.</param>
    internal static IReadOnlyList<FlushOperation> Decode(IEnumerable<FlushEvent> events)
    {
        List<FlushOperation> operations = [];
        FlushEvent? sent = null;
        foreach (FlushEvent seen in events)
        {
            if (sent is { } first && seen.Part == FlushPart.OwnCpu && AreOne(first, seen))
            {
                long strides = seen.Pages == FlushOperation.All ? first.Pages : seen.Pages;
                operations[^1] = new FlushOperation(strides, IsRemote: true);
                sent = null;
            }
            else
            {
                operations.Add(new FlushOperation(seen.Pages, seen.Part == FlushPart.Sent));
                sent = seen.Part == FlushPart.Sent ? seen : null;
            }
        }

        return operations;
    }

    // A full flush is one on every CPU, also on its own: a range behind it is another operation.
    private static bool AreOne(FlushEvent sent, FlushEvent own) =>
        sent.Pages == FlushOperation.All ? own.Pages == FlushOperation.All : own.Pages <= sent.Pages;
}
