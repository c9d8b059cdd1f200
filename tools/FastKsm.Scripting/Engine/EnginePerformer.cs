using System;
using System.Collections.Generic;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Engine;

/// <summary>Performs scripts on a simulated machine, through its public face.</summary>
/// <remarks>Thread safety: none.</remarks>
public sealed partial class EnginePerformer : IScriptPerformer, IDisposable
{
    private readonly List<EngineProcess> _processes = [];
    private readonly List<FramePin> _pins = [];
    private readonly MachineOptions _defaults;
    private readonly ModelClock _clock = new();
    private readonly List<KsmEvent> _events = [];
    private readonly Dictionary<long, int> _owners = [];
    private readonly EngineTurns _turns = new();
    private IFlushSource? _flushes;
    private IFlushSource? _givenFlushes;
    private bool _recordsEvents;
    private Machine? _machine;
    private byte[] _scratch = [];

    /// <summary>Prepares a machine.</summary>
    /// <param name="index">How the scanner finds equal pages.</param>
    /// <param name="defaults">What the script does not say about its machine; null for the engine's defaults.</param>
    public EnginePerformer(ScannerIndex index = ScannerIndex.Fingerprint, MachineOptions? defaults = null)
    {
        Index = index;
        _defaults = defaults ?? new MachineOptions();
    }

    /// <summary>How the scanner finds equal pages.</summary>
    public ScannerIndex Index { get; }

    /// <summary>Receives every event of merging, from the machine's start; null for nobody. See <see cref="Ksm.Listen"/>.</summary>
    public Action<KsmEvent>? Listener { get; init; }

    /// <summary>Whether the machine's flush operations are counted.</summary>
    public bool CountsFlushes { get; init; } = true;

    /// <summary>Counts flush operations: the machine's, if no other source is given, from <see cref="Start"/> on.</summary>
    public IFlushSource? Flushes
    {
        get => _givenFlushes ?? _flushes;
        init => _givenFlushes = value;
    }

    /// <summary>The machine; null before <see cref="Start"/>.</summary>
    public Machine? Machine => _machine;

    /// <inheritdoc/>
    public int PageSize => Started.Options.PageSize;

    /// <inheritdoc/>
    public int ContentSize => Started.Options.ContentSize;

    private Machine Started => _machine ?? throw new InvalidOperationException("The machine has not been started.");

    /// <inheritdoc/>
    public PerformerException? Explain(Exception exception) => exception switch
    {
        PerformerException known => known,
        MemoryOperationException refusal => PerformerException.Refused(NameOf(refusal.Error), refusal.Message, refusal),
        SegmentationFaultException fault => PerformerException.Refused("SIGSEGV", fault.Message, fault),
        OutOfFramesException or OutOfNativeMemoryException =>
            PerformerException.Exhausted(exception.Message, exception),
        NotSupportedException => PerformerException.Impossible(exception.Message, exception),
        _ => null,
    };

    /// <inheritdoc/>
    public void Start(MachineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        MachineOptions options = _defaults with
        {
            Frames = settings.Frames ?? _defaults.Frames,
            Cpus = settings.Cpus ?? _defaults.Cpus,
            Nodes = settings.Nodes ?? _defaults.Nodes,
            PageSize = settings.PageSize ?? _defaults.PageSize,
            Content = settings.Content ?? _defaults.Content,
            MaxMapCount = settings.MaxMapCount ?? _defaults.MaxMapCount,
            ZeroPageColours = settings.ZeroPageColours ?? _defaults.ZeroPageColours,
            ZeroFrameReads = settings.ZeroFrameReads ?? _defaults.ZeroFrameReads,
            ZeroFrameSplits = settings.ZeroFrameSplits ?? _defaults.ZeroFrameSplits,
            MergeFlushes = settings.MergeFlushes ?? _defaults.MergeFlushes,
            Index = Index == ScannerIndex.Tree ? MergeIndexKind.ContentTree : MergeIndexKind.Fingerprint,
            ModelTime = _clock,
        };
        try
        {
            _machine = new Machine(options);
            _flushes = CountsFlushes ? new EngineFlushes(_machine) : null;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw PerformerException.Impossible(exception.Message.ReplaceLineEndings(" "), exception);
        }

        _scratch = new byte[options.ContentSize];
        StartMerging();
    }

    /// <inheritdoc/>
    public void Spawn(int process, string group, int cpu)
    {
        Adopt(process, Started.Spawn(), CpuOf(cpu));

        // A process begins to run where it is made: the CPU is in its mask from then on.
        _ = _processes[process].On();
    }

    /// <inheritdoc/>
    public void Fork(int parent, int child) => Adopt(child, _processes[parent].On().Fork(), _processes[parent].Cpu);

    /// <inheritdoc/>
    public void Exec(int process)
    {
        _processes[process].EndOtherThreads().Exec();
        _owners[_processes[process].Process.AddressSpaceId] = process;
    }

    /// <inheritdoc/>
    public void ExitProcess(int process)
    {
        _processes[process].EndOtherThreads().Exit();
        _turns.Forget(_processes[process]);
    }

    /// <inheritdoc/>
    public void SwitchCpu(int process, int cpu) => _processes[process].MoveTo(CpuOf(cpu));

    /// <inheritdoc/>
    public void SwitchThread(int process, int thread) => _processes[process].Act(thread);

    /// <inheritdoc/>
    public void Idle(int cpu)
    {
        CpuOf(cpu).Idle();
        _ = _turns.Idle.Add(CpuOf(cpu));
    }

    /// <inheritdoc/>
    public void SetOnline(int node, bool online)
    {
        if (node >= Started.Options.Nodes)
        {
            throw PerformerException.Impossible($"the machine has nodes 0 to {Started.Options.Nodes - 1}, not {node}");
        }

        if (online)
        {
            Started.BringOnline(node);
        }
        else
        {
            Started.TakeOffline(node);
        }
    }

    /// <inheritdoc/>
    public void ControlMerging(int process, bool sets, ReadOnlySpan<ulong> arguments)
    {
        if (arguments[Math.Min(sets ? 1 : 0, arguments.Length)..].ContainsAnyExcept(0UL))
        {
            throw PerformerException.Refused("EINVAL", "arguments behind the last that matters must be 0");
        }

        if (sets)
        {
            _processes[process].On().SetMergesAnything(!arguments.IsEmpty && arguments[0] != 0);
        }
    }

    /// <summary>Frees the machine.</summary>
    public void Dispose() => _machine?.Dispose();

    private static string NameOf(Errno error) => Words.Errors.WordOf((int)error);

    private void Adopt(int number, ModelProcess process, Cpu cpu)
    {
        if (number != _processes.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(number), number, "Processes are numbered in the order of their making.");
        }

        _processes.Add(new EngineProcess(process, cpu, _turns));
        _owners[process.AddressSpaceId] = number;
    }

    private Cpu CpuOf(int number) => number < Started.Cpus.Count
        ? Started.Cpus[number]
        : throw PerformerException.Impossible($"the machine has CPUs 0 to {Started.Cpus.Count - 1}, not {number}");
}
