using System;
using FastKsm.Scripting;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;

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
        FastKsm.Scripting.Syntax.Script script,
        ScriptRunnerOptions? options = null,
        MachineOptions? machine = null,
        ScannerIndex index = ScannerIndex.Fingerprint)
    {
        EnginePerformer performer = new(index, machine);
        try
        {
            ScriptRunner runner = new(script.File, performer, options);
            ScriptException? end = null;
            try
            {
                runner.Run(script);
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

    public void Dispose() => _performer.Dispose();
}
