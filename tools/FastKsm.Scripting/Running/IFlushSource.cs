using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <summary>Counts flush operations: whole ones, by their initiator, and what they ask for.</summary>
/// <remarks>
/// What reaches other CPUs and what they make of it (interrupts, receives) is nothing of this. A flush at a switch of
/// tasks is none. Thread safety: none.
/// </remarks>
public interface IFlushSource
{
    /// <summary>
    /// Takes the flush operations since the last call, oldest first: those of processes that acted, and of ksmd.
    /// </summary>
    IReadOnlyList<FlushOperation> TakeFlushes();
}
