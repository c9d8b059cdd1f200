using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>Performs scripts on the running kernel: each process is a real one, and ksmd is woken when the script says so.</summary>
/// <remarks>
/// Addresses are those of the runner, so VMAs, their neighbours and the order of visits are the same as on the engine. One at
/// a time in a session. Thread safety: none.
/// </remarks>
internal sealed partial class KernelPerformer : IScriptPerformer, IDisposable
{
    private readonly KernelSession _session;
    private readonly List<KernelProcess?> _processes = [];

    // Pins for reading, and whose page each has.
    private readonly Dictionary<int, int> _readers = [];

    /// <param name="session">Sole use of the host's KSM.</param>
    /// <param name="migrates">Whether the script may migrate pages, which the kernel has to be made ready for.</param>
    /// <param name="writesBack">Whether the script writes files back, which files in memory do not know.</param>
    internal KernelPerformer(KernelSession session, bool migrates = false, bool writesBack = false)
    {
        _writesBack = writesBack;
        _session = session;
        _migrates = migrates;
    }

    /// <inheritdoc/>
    public int PageSize { get; } = Environment.SystemPageSize;

    /// <inheritdoc/>
    public int ContentSize => PageSize;

    /// <inheritdoc/>
    public PerformerException? Explain(Exception exception) => exception as PerformerException;

    /// <inheritdoc/>
    public void Start(MachineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Require(
            settings.Content is not FrameContent.Fingerprint,
            "machine content=fingerprint: it keeps no bytes, and the kernel does");
        Require(settings.Nodes is null or 1, "machine nodes: the host's nodes are what they are");
        Require(settings.PageSize is null || settings.PageSize == PageSize, $"machine page_size: the host's is {PageSize}");
        Require(settings.ZeroPageColours is null or 1, "machine zero_page_colours: the host has one zero frame");
        RequireTrait(settings.ZeroFrameReads, _session.ZeroFrames.Reads, "zero_frame_reads");
        RequireTrait(settings.ZeroFrameSplits, _session.ZeroFrames.Splits, "zero_frame_splits");
        Require(
            settings.MergeFlushes is null or MergeFlushes.EachPage,
            "machine merge_flushes=batched: the kernel flushes page by page");
        Require(settings.MaxMapCount is null, "machine max_map_count: it belongs to the whole host");
        _session.Reset();
        StartMerging();
        _readiness = _migrates ? AskToCompact(makesReady: true) : 0;
    }

    /// <inheritdoc/>
    public void Spawn(int process, string group, int cpu)
    {
        // Where flushes are counted it matters on which CPUs a process has ever run, so there it begins where it is to
        // be.
        bool begins = Flushes is not null;
        Adopt(process, Do(AgentOperation.Spawn, process, begins ? (ulong)cpu + 1 : 0));
        if (cpu != 0 && !begins)
        {
            SwitchCpu(process, cpu);
        }
    }

    /// <inheritdoc/>
    public void Fork(int parent, int child) => Adopt(child, Do(AgentOperation.Fork, parent, (ulong)child));

    /// <inheritdoc/>
    public void Exec(int process)
    {
        RequireNoReader(process);
        _ = Do(AgentOperation.Exec, process);
        Process(process).Exec();
        _acting[process] = Process(process).Id;
    }

    /// <inheritdoc/>
    public void ExitProcess(int process)
    {
        RequireNoReader(process);
        _ = Do(AgentOperation.Exit, process);
        Process(process).Dispose();
        _processes[process] = null;
    }

    /// <inheritdoc/>
    public void SwitchCpu(int process, int cpu)
    {
        Require(cpu < Environment.ProcessorCount, $"cpu {cpu}: the host has {Environment.ProcessorCount}");
        _ = Do(AgentOperation.Cpu, process, (ulong)cpu);
    }

    /// <inheritdoc/>
    public void ControlMerging(int process, bool sets, ReadOnlySpan<ulong> arguments)
    {
        const int SetMemoryMerge = 67;
        const int GetMemoryMerge = 68;
        Span<ulong> all = stackalloc ulong[5];
        all[0] = (ulong)(sets ? SetMemoryMerge : GetMemoryMerge);
        arguments.CopyTo(all[1..]);
        _ = Do(AgentOperation.Prctl, process, all);
    }

    /// <summary>Who else has a hand in the host's KSM at this moment, against the agreement; null if nobody is to be seen.</summary>
    internal string? FindIntruder()
    {
        if (_session.UnmergesOthers)
        {
            return null;
        }

        int[] own = [.. _processes.OfType<KernelProcess>().Select(process => process.Id)];
        IReadOnlyList<string> others = KernelSession.OtherMergeable(own);
        return others.Count == 0 ? null : $"meanwhile others have mergeable memory: {string.Join(", ", others.Take(8))}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KernelProcess? process in _processes)
        {
            process?.Dispose();
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw PerformerException.Impossible(otherwise);
        }
    }

    private static void RequireTrait(bool? wanted, bool? found, string name) => Require(
        wanted is null || wanted == found,
        $"machine {name}={(wanted is true ? "on" : "off")}: the host's is {(found is null ? "unknown" : found.Value ? "on" : "off")}");

    // Whoever reads a page on the kernel holds its address space, not only its frame.
    private void RequireNoReader(int process) => Require(
        !_readers.ContainsValue(process), "exit or exec of a process with a page pinned for reading: the reader keeps its memory");

    private KernelProcess Process(int number) =>
        _processes[number] ?? throw new InvalidOperationException($"Process {number} has exited.");

    private void Adopt(int number, long pid)
    {
        if (number != _processes.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(number), number, "Processes are numbered in the order of their making.");
        }

        _processes.Add(new KernelProcess((int)pid));
        _acting.Add((int)pid);
    }

    private long Do(AgentOperation operation, int process, params ReadOnlySpan<ulong> arguments) =>
        Succeed(operation, Ask(operation, process, arguments));

    private AgentAnswer Ask(
        AgentOperation operation, int process, ReadOnlySpan<ulong> arguments, ReadOnlySpan<byte> payload = default)
    {
        WatchActor(process);
        if (operation is AgentOperation.Spawn or AgentOperation.Fork or AgentOperation.Exec)
        {
            _noise.Begins();
        }

        AgentAnswer answer = _session.Agent.Ask(operation, process, arguments, payload);
        _noise.LostTurns("a process of the script", answer.LostTurns);
        TakeTrace();
        return answer;
    }

    private static long Succeed(AgentOperation operation, AgentAnswer answer)
    {
        const int NotSupported = 95;
        if (answer.Error == NotSupported)
        {
            throw PerformerException.Impossible($"the kernel cannot be asked for this: {operation}");
        }

        return answer.Error == 0
            ? answer.Result
            : throw PerformerException.Refused(answer.Error, $"the kernel refuses it ({operation})");
    }
}
