using System;
using System.Collections.Generic;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <summary>Notes flush operations as the kernel's tracepoint <c>tlb_flush</c> shows them to who reads it on the initiator's side.</summary>
/// <remarks>
/// An operation is shown where it is sent to another CPU, and where the initiator's own handler did something or found it done; where both,
/// it is one, with the strides of the initiator's handler. One that is only sent is told in single pages.
/// Thread safety: all members may be called concurrently.
/// </remarks>
internal sealed class FlushRecorder
{
    private const int None = -1;

    private readonly RankedLock _lock = new(LockRank.FlushLog);
    private readonly List<Operation> _operations = [];
    private readonly int[] _open;

    /// <param name="cpus">CPUs of the machine.</param>
    internal FlushRecorder(int cpus)
    {
        _open = new int[cpus];
        Array.Fill(_open, None);
    }

    /// <summary>Something has happened.</summary>
    internal void Append(in FlushEvent happened)
    {
        switch (happened.Kind)
        {
            case FlushEventKind.RangeFlush or FlushEventKind.BatchFlush:
                using (_lock.Hold())
                {
                    _open[happened.Initiator] = _operations.Count;
                    _operations.Add(new Operation(happened, IsLocal: false));
                }

                break;
            case FlushEventKind.Handled when happened.Cpu == happened.Initiator
                && happened.End is HandlerEnd.Range or HandlerEnd.Full or HandlerEnd.Nothing:
                using (_lock.Hold())
                {
                    int open = _open[happened.Initiator];
                    if (open != None)
                    {
                        _operations[open] = _operations[open] with { IsLocal = true };
                    }
                }

                break;
            default:
                break;
        }
    }

    /// <summary>Takes what has been noted since the last call, oldest first.</summary>
    internal FlushRecord[] Take()
    {
        using (_lock.Hold())
        {
            List<FlushRecord> records = new(_operations.Count);
            foreach (Operation operation in _operations)
            {
                FlushEvent asked = operation.Asked;
                if (operation.IsLocal || asked.Value != 0)
                {
                    records.Add(new FlushRecord
                    {
                        Cpu = asked.Initiator,
                        AddressSpaceId = (long)asked.ContextId,
                        IsRemote = asked.Value != 0,
                        Strides = asked.Pages == FlushEngine.All ? FlushRecord.All
                            : (long)(asked.Pages >> (operation.IsLocal ? asked.StrideShift : 0)),
                    });
                }
            }

            _operations.Clear();
            Array.Fill(_open, None);
            return [.. records];
        }
    }

    private readonly record struct Operation(FlushEvent Asked, bool IsLocal);
}
