using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <content>Flush operations of the last operation that did something.</content>
public sealed partial class ScriptRunner
{
    private const string MergingDaemon = "ksmd";

    private string? _initiator;
    private IReadOnlyList<FlushOperation>? _flushes;

    /// <summary>
    /// The flush operations of the last operation that did something; null if nobody counts those of such a one.
    /// </summary>
    public IReadOnlyList<FlushOperation>? Flushes =>
        _initiator is null ? null : _flushes ??= _performer.Flushes?.TakeFlushes();

    /// <summary>Who initiates the flush operations of an operation.</summary>
    /// <param name="operation">The operation.</param>
    /// <returns>A process, or ksmd; null if that is neither of the two, or ends as the operation does.</returns>
    public static string? InitiatorOf(Operation operation) => operation switch
    {
        Operation.Map o => o.Process.Text,
        Operation.Unmap o => o.Process.Text,
        Operation.Protect o => o.Process.Text,
        Operation.Advise o => o.Process.Text,
        Operation.Remap o => o.Process.Text,
        Operation.Break o => o.Process.Text,
        Operation.Lock o => o.Process.Text,
        Operation.Unlock o => o.Process.Text,
        Operation.Synchronise o => o.Process.Text,
        Operation.UserFault o => o.Process.Text,
        Operation.Fill o => o.Process.Text,
        Operation.Write o => o.Process.Text,
        Operation.Poke o => o.Process.Text,
        Operation.Read o => o.Process.Text,
        Operation.Populate o => o.Process.Text,
        Operation.ForceWrite o => o.Process.Text,
        Operation.DirectIo o => o.Process.Text,
        Operation.MergeAnything o => o.Process.Text,
        Operation.MergeControl o => o.Process.Text,
        Operation.Fork o => o.Parent.Text,
        Operation.Scan or Operation.Batch => MergingDaemon,
        _ => null,
    };

    private void BeginFlushes(Operation operation)
    {
        Operation acting = operation is Operation.ExpectError refused ? refused.Refused : operation;
        if (!OperationReader.IsCheck(acting))
        {
            _initiator = InitiatorOf(acting);
            _flushes = null;
            if (_isStarted)
            {
                _ = _performer.Flushes?.TakeFlushes();
            }
        }
    }

    private void CheckFlushes(Operation.ExpectFlushes check)
    {
        if (!string.Equals(check.Initiator.Text, MergingDaemon, StringComparison.Ordinal))
        {
            _ = Living(check.Initiator);
        }

        if (!string.Equals(check.Initiator.Text, _initiator, StringComparison.Ordinal))
        {
            throw Bad(
                check.Initiator.Position,
                $"what was done last is nothing by which {Quote.Of(check.Initiator.Text)} flushes: "
                + "expect-flushes stands behind that");
        }

        if (Flushes is not { } flushes)
        {
            throw PerformerException.NotImplemented("expect-flushes, as this side does not count flush operations");
        }

        IReadOnlyList<FlushRun> seen = FlushRun.Of(flushes);
        IReadOnlyList<FlushRun> expected = FlushRun.Join(check.Flushes);
        if (!seen.SequenceEqual(expected))
        {
            throw Fail(
                ScriptOutcome.ExpectationFailed, check.Position,
                $"expected flush operations {ScriptPrinter.Of(expected)}, are {ScriptPrinter.Of(seen)}");
        }

        ExpectationsHeld++;
    }
}
