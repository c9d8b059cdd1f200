using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>Sole use of the host's KSM: lock, agent, ksmd under control. Everything is put back at its end.</summary>
/// <remarks>One script after the other. Thread safety: one thread at a time.</remarks>
internal sealed class KernelSession : IDisposable
{
    private readonly HostLock _lock;
    private readonly Dictionary<string, KsmFile> _files = new(StringComparer.Ordinal);
    private KernelAgent? _agent;
    private KsmSettings? _before;

    private KernelSession(HostLock hostLock, CancellationToken cancellation)
    {
        _lock = hostLock;
        Cancellation = cancellation;
    }

    /// <summary>Ends every wait.</summary>
    internal CancellationToken Cancellation { get; }

    /// <summary>The agent.</summary>
    internal KernelAgent Agent => _agent ?? throw new InvalidOperationException("The session has not begun.");

    /// <summary>Whether the kernel makes huge pages where they are advised, and nowhere else.</summary>
    internal bool HasHugePages { get; private set; }

    /// <summary>Where the kernel maps the zero frame of its own accord; what could not be found out is taken for on.</summary>
    internal ZeroFrameProbe ZeroFrames { get; private set; }

    /// <summary>What the engine is to be like, where a script does not say it.</summary>
    internal MachineOptions MachineLikeHost => new()
    {
        ZeroFrameReads = ZeroFrames.Reads ?? true,
        ZeroFrameSplits = ZeroFrames.Splits ?? true,
    };

    /// <summary>Traits of the host that comparisons depend on, as one line shows them.</summary>
    internal string Traits => string.Create(
            CultureInfo.InvariantCulture,
            $"Linux {HostKsm.Read().KernelRelease}, zero_frame_reads={Word(ZeroFrames.Reads)}, "
            + $"zero_frame_splits={Word(ZeroFrames.Splits)}, huge pages {(HasHugePages ? "yes" : "no")}, "
            + $"per-CPU page batches {(HasBatches ? "on" : "kept off")}")
        + (Trace is null
            ? string.Empty
            : "; flush operations by tlb:tlb_flush on the initiator's side; receives on other CPUs are not to be had");

    /// <summary>Whether the kernel collects pages in per-CPU batches, whose references keep pages from merging.</summary>
    internal bool HasBatches { get; private set; }

    /// <summary>The trace of TLB flushes; null where they are not counted.</summary>
    internal FlushTrace? Trace { get; private set; }

    /// <summary>ksmd.</summary>
    internal KsmDaemon Daemon { get; private set; } = null!;

    /// <summary>Page frames.</summary>
    internal KernelFrames Frames { get; private set; } = null!;

    /// <summary>Begins a session.</summary>
    /// <param name="unmergeOthers">Whether to go on although other processes have mergeable memory.</param>
    /// <param name="cancellation">Ends every wait.</param>
    /// <exception cref="ToolException">The host does not permit it; the message says what would.</exception>
    internal static KernelSession Begin(bool unmergeOthers, CancellationToken cancellation)
    {
        RequireHost();
        KernelSession session = new(HostLock.Take("conform", cancellation), cancellation);
        try
        {
            session.Begin(unmergeOthers);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Why this host cannot be used; null if it can.</summary>
    internal static string? Obstacle()
    {
        if (!File.Exists(KsmFile.Directory + "run"))
        {
            return $"this kernel has no KSM: {KsmFile.Directory} is missing";
        }

        if (LinuxNative.geteuid() != 0 || !HostKsm.Read().IsWritable)
        {
            return $"{KsmFile.Directory}run is not writable: run it as root, outside of a container";
        }

        return ProcFile.TryReadText("/proc/self/ksm_stat")?.Contains("ksm_mergeable", StringComparison.Ordinal) == true
            ? null
            : "/proc/PID/ksm_stat does not tell which processes have mergeable memory: needs Linux 6.16 or later";
    }

    /// <summary>Whether others may have mergeable memory: the user was told, and goes on.</summary>
    internal bool UnmergesOthers { get; private set; }

    /// <summary>Processes with mergeable memory, as "pid (name)".</summary>
    /// <param name="own">Ids of those that do not matter.</param>
    internal static IReadOnlyList<string> OtherMergeable(params IReadOnlyCollection<int> own)
    {
        List<string> found = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(directory.AsSpan("/proc/".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && !own.Contains(pid)
                && ProcFile.TryReadText(directory + "/ksm_stat") is { } stat
                && (stat.Contains("ksm_mergeable: yes", StringComparison.Ordinal) || StatusFields.Number(stat, "ksm_rmap_items") != 0))
            {
                found.Add($"{pid} ({ProcFile.TryReadText(directory + "/comm")?.Trim() ?? "gone"})");
            }
        }

        return found;
    }

    /// <summary>Reads a file under /sys/kernel/mm/ksm that shows a number.</summary>
    internal long Number(string file) => FileOf(file).Number;

    /// <summary>Reads a file under /sys/kernel/mm/ksm.</summary>
    internal string Text(string file) => FileOf(file).Text;

    /// <summary>Writes a file under /sys/kernel/mm/ksm that must take it.</summary>
    /// <exception cref="ToolException">It does not.</exception>
    internal static void Write(string file, string value)
    {
        int error = KsmFile.Write(file, value);
        if (error != 0)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                $"conform: cannot write {value} to {KsmFile.Directory}{file}: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    /// <summary>Gives the host swap for as long as the session lasts: a zram disk of its own, or else a file.</summary>
    /// <param name="bytes">How much; whole pages.</param>
    /// <exception cref="ToolException">The host has neither.</exception>
    internal void BeginSwap(ulong bytes)
    {
        int error = Agent.Ask(AgentOperation.Swap, 0, [bytes]).Error;
        if (error != 0)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                $"conform: no swap can be made here, neither on a zram disk nor in a file: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    /// <summary>From now on flush operations are counted.</summary>
    /// <exception cref="ToolException">The host does not show them; the message says why.</exception>
    internal void BeginTrace()
    {
        if (Environment.ProcessorCount < 2)
        {
            throw new ToolException(
                ExitCode.NotPermitted, "conform --tlb: needs two CPUs, so that one can ask the other to flush.");
        }

        int error = Agent.Ask(AgentOperation.Trace, 0, [(ulong)Daemon.Id, KernelPerformer.DaemonCpu]).Error;
        if (error != 0)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                "conform --tlb: no tracing here (tracefs in a mount namespace of its own): "
                + $"{Marshal.GetPInvokeErrorMessage(error)}.");
        }

        Trace = FlushTrace.Begin(Agent.Id);
    }

    /// <summary>Ends all processes and pins, forgets all items and nodes, and sets what a script may rely on.</summary>
    internal void Reset()
    {
        _ = Agent.Ask(AgentOperation.Reset, 0);
        UnmergeAll();
        if (FileOf("advisor_mode").Text is not "none")
        {
            Write("advisor_mode", "none");
        }

        Write("pages_to_scan", uint.MaxValue.ToString(CultureInfo.InvariantCulture));
        Write("merge_across_nodes", "1");
        Write("use_zero_pages", "0");
        Write("smart_scan", "0");
        Write("max_page_sharing", "256");
        Write("stable_node_chains_prune_millisecs", "2000");
        Write("advisor_max_cpu", "70");
        Write("advisor_min_pages_to_scan", "500");
        Write("advisor_max_pages_to_scan", "30000");
        Write("advisor_target_scan_time", "200");
        if (Number("pages_shared") != 0 || Number("pages_unshared") != 0 || Number("pages_volatile") != 0)
        {
            throw new ToolException(ExitCode.NotPermitted, "conform: KSM still has pages after run=2: somebody else uses it.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Trace?.Dispose();
        Daemon?.Dispose();
        Frames?.Dispose();
        foreach (KsmFile file in _files.Values)
        {
            file.Dispose();
        }

        // The agent puts the settings back; if it has been killed, it is for us to do.
        _agent?.Dispose();
        _agent = null;
        _before?.Restore();
        _lock.Dispose();
    }

    private static void RequireHost()
    {
        if (Obstacle() is { } obstacle)
        {
            throw new ToolException(ExitCode.NotPermitted, $"conform: {obstacle}.");
        }
    }

    // A write of the value that is already set does nothing, hence the 0 before the 2.
    private void UnmergeAll()
    {
        Write("run", "0");
        Daemon.Rest();
        Write("run", "2");
        Write("run", "0");
    }

    private void Begin(bool unmergeOthers)
    {
        IReadOnlyList<string> others = OtherMergeable();
        if (others.Count > 0 && !unmergeOthers)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                "conform: other processes have mergeable memory, which would be unmerged and would count as well "
                + $"(--unmerge-others goes on nevertheless): {string.Join(", ", others.Take(8))}{(others.Count > 8 ? ", …" : string.Empty)}");
        }

        UnmergesOthers = unmergeOthers;
        Frames = new KernelFrames();
        Daemon = new KsmDaemon(Cancellation);
        _before = KsmSettings.Save();
        _agent = new KernelAgent(Cancellation);

        // Its first answer says that it has saved the settings.
        long has = _agent.Ask(AgentOperation.Reset, 0).Result;
        HasHugePages = (has & 2) != 0;
        HasBatches = (has & 1) == 0;

        // Only now: the agent has set huge pages as scripts need them.
        ZeroFrames = ZeroFrameProbe.Try();
        if (HasBatches)
        {
            Output.StandardError.Say(
                "conform: the kernel's per-CPU batches of pages stay on (no userfaultfd, or no move_pages): pages that are "
                + "written or locked within a scan may merge a scan later than on the engine.");
        }
    }

    private static string Word(bool? trait) => trait switch
    {
        true => "on",
        false => "off",
        null => "unknown",
    };

    private KsmFile FileOf(string name)
    {
        if (!_files.TryGetValue(name, out KsmFile? file))
        {
            _files.Add(name, file = new KsmFile(name));
        }

        return file;
    }
}
