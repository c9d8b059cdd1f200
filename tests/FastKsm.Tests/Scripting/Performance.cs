using System;
using System.Linq;
using FastKsm.Scripting;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Tests.Scripting;

/// <summary>A script performed on the engine, and what came of it.</summary>
internal sealed class Performance : IDisposable
{
    private readonly EnginePerformer _performer;

    private Performance(EnginePerformer performer, ScriptRunner runner, ScriptException? end)
    {
        _performer = performer;
        Runner = runner;
        End = end;
    }

    /// <summary>The runner, after the end.</summary>
    internal ScriptRunner Runner { get; }

    /// <summary>Why it ended early; null if it did not.</summary>
    internal ScriptException? End { get; }

    /// <summary>Performs a script; the machine is checked however it ends.</summary>
    internal static Performance Of(string text, ScriptRunnerOptions? options = null, MachineOptions? machine = null) =>
        Of(ScriptFiles.Parse(text), options, machine);

    /// <summary>Performs a script; the machine is checked however it ends.</summary>
    internal static Performance Of(
        Script script,
        ScriptRunnerOptions? options = null,
        MachineOptions? machine = null,
        ScannerIndex index = ScannerIndex.Fingerprint) =>
        Of(new EnginePerformer(index, machine), script.File, options, (_, runner) => runner.Run(script));

    /// <summary>Performs a script and checks the machine after every scan and batch.</summary>
    /// <param name="script">The script.</param>
    /// <param name="index">The index.</param>
    /// <param name="machine">What the machine is like, as far as the script does not say it.</param>
    /// <param name="scanned">Called after every scan and batch.</param>
    /// <param name="counts">Whether what the script expects of flushes is looked at.</param>
    internal static Performance StepByStep(
        Script script, ScannerIndex index, MachineOptions? machine = null, Action<Machine>? scanned = null, bool counts = true) =>
        Of(new EnginePerformer(index, machine), script.File, null, (performer, runner) =>
        {
            runner.Prepare(script);
            foreach (Operation operation in script.Operations.Where(operation => counts || operation is not Operation.ExpectFlushes))
            {
                (int times, Operation once) = operation switch
                {
                    Operation.Scan scan => (scan.Count, scan with { Count = 1 }),
                    Operation.Batch batch => (batch.Count, batch with { Count = 1 }),
                    _ => (1, operation),
                };
                for (int i = 0; i < times; i++)
                {
                    runner.Perform(once);
                    if (once is Operation.Scan or Operation.Batch)
                    {
                        performer.Machine!.Validate();
                        scanned?.Invoke(performer.Machine);
                    }
                }
            }
        });

    private static Performance Of(
        EnginePerformer performer, string file, ScriptRunnerOptions? options, Action<EnginePerformer, ScriptRunner> perform)
    {
        try
        {
            ScriptRunner runner = new(file, performer, options);
            ScriptException? end = null;
            try
            {
                perform(performer, runner);
            }
            catch (ScriptException exception)
            {
                end = exception;
            }

            performer.Machine?.Validate();
            return new Performance(performer, runner, end);
        }
        catch
        {
            performer.Dispose();
            throw;
        }
    }

    /// <summary>Whether pages are merged at the end, or were and have been copied.</summary>
    internal bool HasMerged => _performer.Machine is { } machine && (machine.Ksm.Counters.PagesShared > 0 || machine.CowKsm > 0);

    /// <summary>Checks the machine.</summary>
    internal void Validate() => _performer.Machine!.Validate();

    public void Dispose() => _performer.Dispose();
}
