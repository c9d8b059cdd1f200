using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Engine;

/// <content>Same-page merging: the script is ksmd's clock, and wakes it.</content>
public sealed partial class EnginePerformer
{
    /// <inheritdoc/>
    public void SetKnob(string knob, string value)
    {
        if (!Ksm.Files.Contains(knob, StringComparer.Ordinal))
        {
            throw PerformerException.NotImplemented($"ksm {knob}");
        }

        Started.Ksm.Write(knob, value);
    }

    /// <inheritdoc/>
    public void Scan()
    {
        BeginDaemon();
        _ = Started.Ksm.Scan();
    }

    /// <inheritdoc/>
    public void Batch()
    {
        BeginDaemon();
        _ = Started.Ksm.Batch();
    }

    /// <inheritdoc/>
    public void Advance(Duration time) => _clock.Advance(time.ToTimeSpan());

    /// <inheritdoc/>
    public void SetAdvisorCpu(Duration time) => Started.Ksm.ChargeCpuTime(time.ToTimeSpan());

    /// <inheritdoc/>
    public void RecordEvents() => _recordsEvents = true;

    /// <inheritdoc/>
    public IReadOnlyList<ScriptEvent> TakeEvents()
    {
        List<ScriptEvent> taken = [.. _events.Select(Describe)];
        _events.Clear();
        return taken;
    }

    // Threads of one process run meanwhile: of one that has several, or else of the last one that has acted.
    private void BeginDaemon() => (_turns.Threaded ?? _turns.Last)?.RunBeside(Started.Cpus[Started.Options.BackgroundCpu]);

    // Where an event names an address space, the script knows a process.
    private ScriptEvent Describe(KsmEvent what) => new(
        what.Name,
        [.. what.FieldNames.Select((name, field) => new EventField(
            name, CounterValue.Of(string.Equals(name, "mm", StringComparison.Ordinal) ? _owners[what[field]] : what[field])))]);

    // Linux's defaults, but that every page is visited in every scan, that a batch reaches the end of one, and that ksmd
    // runs: it does so when the script says, and not before.
    private void StartMerging()
    {
        Started.Ksm.Write("smart_scan", "0");
        Started.Ksm.Write("pages_to_scan", "4294967295");
        Started.Ksm.Write("run", "1");
        if (Listener is not null)
        {
            _ = Started.Ksm.Listen(Listener);
        }

        if (_recordsEvents)
        {
            _ = Started.Ksm.Listen(_events.Add);
        }
    }
}
