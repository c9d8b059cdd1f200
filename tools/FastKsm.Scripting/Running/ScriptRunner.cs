using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <summary>Performs a script on a performer: knows the names, checks the expectations, says where it ended and why.</summary>
/// <remarks>
/// One runner performs one script. Two runners over two performers can be stepped side by side, operation by operation.
/// After any exception the performer is as the operations before left it. Thread safety: none.
/// </remarks>
public sealed partial class ScriptRunner
{
    private readonly IScriptPerformer _performer;
    private readonly ScriptRunnerOptions _options;
    private readonly string _file;
    private readonly Dictionary<string, ScriptProcess> _processes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong> _frames = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Process, string Region), Dictionary<ulong, Stack<int>>> _pins = [];
    private long _touchedPages;
    private long _scans;
    private int _lastProcess = -1;
    private bool _isStarted;

    /// <summary>Prepares a performance.</summary>
    /// <param name="file">Name of the script, for messages.</param>
    /// <param name="performer">Who performs; nobody has started it.</param>
    /// <param name="options">Bounds; null for the default ones.</param>
    public ScriptRunner(string file, IScriptPerformer performer, ScriptRunnerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(performer);
        _file = file;
        _performer = performer;
        _options = options ?? new ScriptRunnerOptions();
    }

    /// <summary>Operations performed to their end, checks included.</summary>
    public long OperationsPerformed { get; private set; }

    /// <summary>Conditions and other checks that held.</summary>
    public long ExpectationsHeld { get; private set; }

    /// <summary>Receives what each <c>print</c> shows; null for nothing.</summary>
    public Action<PrintedLine>? Printed { get; init; }

    /// <summary>Processes that live, by name, and their numbers.</summary>
    public IReadOnlyDictionary<string, int> Processes
    {
        get
        {
            Dictionary<string, int> living = new(StringComparer.Ordinal);
            foreach ((string name, ScriptProcess process) in _processes)
            {
                if (!process.HasExited)
                {
                    living.Add(name, process.Number);
                }
            }

            return living;
        }
    }

    /// <summary>Performs a script to its end.</summary>
    /// <param name="script">The script.</param>
    /// <exception cref="ScriptException">It ended before its end; the exception says where and why.</exception>
    public void Run(Script script)
    {
        ArgumentNullException.ThrowIfNull(script);
        Prepare(script);
        foreach (Operation operation in script.Operations)
        {
            Perform(operation);
        }

        if (!_isStarted)
        {
            Perform(new Operation.Machine(default, new MachineSettings()));
        }
    }

    /// <summary>Tells the performer what it must know before the script begins. For those who perform it operation by operation.</summary>
    /// <param name="script">The script.</param>
    public void Prepare(Script script)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (!_isStarted && script.Operations.Any(operation => operation is Operation.ExpectEvents))
        {
            _performer.RecordEvents();
        }
    }

    /// <summary>Performs one operation.</summary>
    /// <param name="operation">The next operation of the script.</param>
    /// <exception cref="ScriptException">It could not be performed, or did not hold.</exception>
    public void Perform(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        try
        {
            if (operation is not Operation.Machine)
            {
                Start(new MachineSettings());
            }

            BeginFlushes(operation);
            if (operation is Operation.ExpectError check)
            {
                CheckError(check);
            }
            else
            {
                Dispatch(operation);
            }
        }
        catch (Exception exception) when (_performer.Explain(exception) is { } failure)
        {
            throw Describe(operation, failure);
        }

        OperationsPerformed++;
    }

    private void Dispatch(Operation operation)
    {
        if (!PerformMapping(operation) && !PerformAccess(operation) && !PerformControl(operation) && !Check(operation))
        {
            throw PerformerException.NotImplemented(KeywordOf(operation));
        }
    }

    private bool PerformControl(Operation operation)
    {
        switch (operation)
        {
            case Operation.Machine o:
                Start(o.Settings);
                return true;
            case Operation.Idle o:
                _performer.Idle(o.Number);
                return true;
            case Operation.Knobs o:
                SetKnobs(o.Settings);
                return true;
            case Operation.MergeAnything o:
                _performer.ControlMerging(Living(o.Process).Number, sets: true, [o.Enabled ? 1UL : 0UL]);
                return true;
            case Operation.MergeControl o:
                _performer.ControlMerging(Living(o.Process).Number, o.Sets, o.Arguments.AsSpan());
                return true;
            case Operation.Run o:
                _performer.SetKnob("run", $"{o.Value}");
                return true;
            case Operation.Scan o:
                Repeat(o.Count, _performer.Scan);
                return true;
            case Operation.Batch o:
                Repeat(o.Count, _performer.Batch);
                return true;
            case Operation.Advance o:
                _performer.Advance(o.Time);
                return true;
            case Operation.AdvisorCpu o:
                _performer.SetAdvisorCpu(o.Time);
                return true;
            case Operation.Reclaim o:
                _performer.Reclaim(o.Group.Text, o.Pages);
                return true;
            case Operation.Limit o:
                _performer.Limit(o.Group.Text, o.Pages, o.Swap);
                return true;
            case Operation.SwapOn o:
                _performer.SwapOn(o.Device.Text, o.Pages, o.Settings);
                return true;
            case Operation.SwapOff o:
                _performer.SwapOff(o.Device.Text);
                return true;
            case Operation.Offline o:
                _performer.SetOnline(o.Node, online: false);
                return true;
            case Operation.Online o:
                _performer.SetOnline(o.Node, online: true);
                return true;
            default:
                return false;
        }
    }

    // Every name is looked up before the first value is written.
    private void SetKnobs(ValueList<KnobSetting> settings)
    {
        foreach (KnobSetting setting in settings)
        {
            if (!KnownCounters.Files.Contains(setting.Knob, StringComparer.Ordinal))
            {
                throw Bad(
                    setting.Position,
                    $"there is no file {Quote.Of(setting.Knob)} in /sys/kernel/mm/ksm{Spelling.Suggest(setting.Knob, KnownCounters.Files)}");
            }

            if (!_performer.CounterNames(CounterScope.Machine).Contains(setting.Knob, StringComparer.Ordinal))
            {
                throw PerformerException.NotImplemented($"ksm {setting.Knob}");
            }
        }

        foreach (KnobSetting setting in settings)
        {
            _performer.SetKnob(setting.Knob, setting.Value);
        }
    }

    private void Start(MachineSettings settings)
    {
        if (!_isStarted)
        {
            _performer.Start(settings);
            _isStarted = true;
        }
    }

    private void Repeat(int count, Action action)
    {
        _scans += count;
        if (_scans > _options.MaxScans)
        {
            throw PerformerException.Exhausted($"the script asks for more than {_options.MaxScans} scans and batches in all");
        }

        for (int i = 0; i < count; i++)
        {
            action();
        }
    }

    // Counts pages that are visited one by one: a script of one line can name 2^36 of them.
    private void Touch(ulong pages)
    {
        if (pages > (ulong)(_options.MaxTouchedPages - _touchedPages))
        {
            throw PerformerException.Exhausted($"the script touches more than {_options.MaxTouchedPages} pages in all");
        }

        _touchedPages += (long)pages;
    }

    private ScriptException Describe(Operation operation, PerformerException failure) => failure.Failure switch
    {
        PerformerFailure.Refused => Fail(
            ScriptOutcome.ExpectationFailed, operation.Position,
            $"{KeywordOf(operation)} was refused with {failure.Error}: {failure.Message}", failure),
        PerformerFailure.Exhausted => Fail(
            ScriptOutcome.Exhausted, operation.Position, $"{KeywordOf(operation)}: {failure.Message}", failure),
        PerformerFailure.NotImplemented => Fail(ScriptOutcome.NotImplemented, operation.Position, failure.Message, failure),
        _ => Fail(ScriptOutcome.BadScript, operation.Position, $"{KeywordOf(operation)}: {failure.Message}", failure),
    };

    private ScriptException Fail(
        ScriptOutcome outcome, SourcePosition position, string detail, Exception? innerException = null) =>
        new(outcome, _file, position, detail, innerException);

    private ScriptException Bad(SourcePosition position, string detail) => Fail(ScriptOutcome.BadScript, position, detail);

    private static string KeywordOf(Operation operation)
    {
        string text = ScriptPrinter.Print(operation);
        int blank = text.IndexOf(' ', StringComparison.Ordinal);
        return blank < 0 ? text : text[..blank];
    }
}
