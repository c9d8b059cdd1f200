using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Swapping;
using FastKsm.Tests.Swapping;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary>One process whose pages go to swap areas made for it, on the running kernel and on the engine's tables with Linux
/// 6.18's layout and era. After each step the slots that pagemap shows are those that the engine gives.</summary>
/// <remarks>The kernel's agent makes the areas, and takes them away when the test's process ends, however it ends.</remarks>
internal sealed class SwapTablesComparison : IDisposable
{
    private const int PageBytes = 4096;
    private const int Process = 1;
    private const ulong HugeBytes = 2 << 20;
    private const ulong ReadWrite = 3;
    private const ulong AsHuge = 4;
    private const ulong DontNeed = 4;
    private const ulong PageOutNow = 21;
    private const ulong PriorityGiven = 0x8000;

    private readonly HostKsmUse _use;
    private readonly KernelSession _session;
    private readonly KernelProcess _view;
    private readonly SwapRig _rig = SwapRig.Make("legacy", SwapEra.Linux618, int.Max(2, Environment.ProcessorCount));
    private readonly Dictionary<ulong, SwapEntry> _entries = [];

    private SwapTablesComparison(HostKsmUse use)
    {
        _use = use;
        Assert.SkipWhen(File.ReadAllLines("/proc/swaps").Length > 1, "needs a host that can be given swap: it has some already");
        _session = KernelSession.Begin(unmergeOthers: false, CancellationToken.None);
        _view = new KernelProcess((int)Ask(AgentOperation.Spawn));
    }

    /// <summary>Whether the kernel makes huge pages where they are advised.</summary>
    internal bool HasHugePages => _session.HasHugePages;

    /// <summary>Begins on a host that permits it; else the test is skipped.</summary>
    internal static SwapTablesComparison Begin()
    {
        HostKsmUse use = HostKsmUse.Begin();
        try
        {
            return new SwapTablesComparison(use);
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    /// <summary>Adds an area with a good header on both sides.</summary>
    internal void Add(uint slots, int? priority = null, SwapAreaKind kind = SwapAreaKind.Disk, params uint[] badPages)
    {
        byte[] page = new byte[PageBytes];
        SwapHeader.Write(page, slots - 1, badPages);
        Assert.Equal(0, TryAdd(slots, page, priority, kind));
    }

    /// <summary>Asks both sides to take an area with a header; they agree on whether they do.</summary>
    /// <returns>The kernel's error number, 0 for none.</returns>
    internal int TryAdd(uint slots, byte[] header, int? priority = null, SwapAreaKind kind = SwapAreaKind.Disk)
    {
        ulong flags = priority is { } given ? PriorityGiven | (ulong)given : 0;
        AgentAnswer answer = _session.Agent.Ask(
            AgentOperation.SwapAdd, 0, [(ulong)slots * PageBytes, (ulong)kind, flags], header);
        Assert.SkipWhen(
            answer.Error is 2 or 13 or 19, $"needs a host that can be given swap: no zram disk or file (error {answer.Error})");
        FastKsm.Swapping.Backends.BlankBackend backend = _rig.NewBackend(slots);
        header.CopyTo(backend.Header);
        SwapStatus status = _rig.Space.TryMount(
            backend,
            new SwapDeviceOptions
            {
                Priority = priority,
                IsSynchronous = kind == SwapAreaKind.Disk,
                IsPlainFile = kind != SwapAreaKind.Disk,
                HasHoles = kind == SwapAreaKind.FileWithHoles,
                IsRotational = kind != SwapAreaKind.Disk && IsRotational("/var/tmp"),
            },
            out _,
            out string? fault);
        Assert.True(
            (status == SwapStatus.Done) == (answer.Error == 0),
            $"the kernel says error {answer.Error}, the engine {status}: {fault}");
        return answer.Error;
    }

    /// <summary>Asks the kernel to take an area that it has already.</summary>
    /// <returns>The error number.</returns>
    internal int AddAgain(int area) => _session.Agent.Ask(AgentOperation.SwapAgain, 0, [(ulong)area]).Error;

    /// <summary>Maps memory in the process; it is not touched.</summary>
    internal ulong Map(int pages, bool isHuge = false)
    {
        ulong bytes = (ulong)pages * PageBytes;
        return !isHuge
            ? (ulong)Ask(AgentOperation.Map, 0, bytes, ReadWrite, 0)
            : ((ulong)Ask(AgentOperation.Map, 0, bytes + HugeBytes, ReadWrite, AsHuge) + HugeBytes - 1) & ~(HugeBytes - 1);
    }

    /// <summary>Writes pages and has them paged out, on one CPU; both sides give them the same slots, or none.</summary>
    internal void PageOut(ulong address, int pages, int cpu = 0, int order = 0)
    {
        Ask(AgentOperation.Cpu, (ulong)cpu);
        Ask(AgentOperation.Fill, address, (ulong)pages, address / PageBytes, 1);
        Ask(AgentOperation.Advise, address, (ulong)pages * PageBytes, PageOutNow);
        List<SwapEntry> engine = [];
        for (int page = 0; page < pages; page += 1 << order)
        {
            Pfn head = _rig.NewFolio(order);
            SwapEntry first = _rig.PageOut(head, cpu, order);
            engine.AddRange(Enumerable.Range(0, 1 << order).Select(i => first.IsSome ? first.Plus((uint)i) : SwapEntry.None));
            if (first.IsSome)
            {
                Assert.Equal(SwapStatus.Done, _rig.Space.Drop(head, new SwapShadow(1, 0, 0, false), 0));
            }
        }

        PagemapEntry[] kernel = new PagemapEntry[pages];
        _view.Pagemap(address, kernel);
        Assert.Equal(Runs(engine), Runs(kernel.Select(SlotOf)));
        for (int page = 0; page < pages; page++)
        {
            _entries[address + ((ulong)page * PageBytes)] = engine[page];
        }
    }

    /// <summary>Gives up pages that have been paged out.</summary>
    internal void Forget(ulong address, int pages = 1)
    {
        Ask(AgentOperation.Advise, address, (ulong)pages * PageBytes, DontNeed);
        for (ulong at = address; at < address + ((ulong)pages * PageBytes); at += PageBytes)
        {
            Assert.Equal(SwapStatus.Done, _rig.Space.Put(_entries[at]));
            _ = _entries.Remove(at);
        }
    }

    /// <summary>The slot of a page.</summary>
    internal SwapEntry SlotAt(ulong address) => _entries[address];

    /// <summary>Compares what /proc/swaps says of each area: size, use, priority.</summary>
    internal void CompareAreas()
    {
        List<(int Pages, int InUse, int Priority)> kernel = [];
        foreach (string line in File.ReadLines("/proc/swaps").Skip(1))
        {
            int[] numbers = [.. line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[^3..]
                .Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
            kernel.Add((numbers[0] / 4, numbers[1] / 4, numbers[2]));
        }

        List<(int Pages, int InUse, int Priority)> engine = [];
        for (int number = 0; _rig.Space.Device(number) is { } device; number++)
        {
            engine.Add((device.Pages, device.InUse, device.Priority));
        }

        Assert.Equal(engine, kernel);
        _rig.Space.Validate();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.Dispose();
        _session.Dispose();
        _rig.Dispose();
        _use.Dispose();
    }

    /// <summary>Whether a folder is on a disk that says that it turns.</summary>
    internal static bool IsRotational(string folder)
    {
        string device = File.ReadLines("/proc/self/mountinfo")
            .Select(line => line.Split(' '))
            .Where(fields => folder.StartsWith(fields[4], StringComparison.Ordinal))
            .OrderBy(fields => fields[4].Length)
            .Select(fields => fields[2])
            .LastOrDefault(string.Empty);
        string block = $"/sys/dev/block/{device}/";
        string file = File.Exists(block + "queue/rotational") ? block + "queue/rotational" : block + "../queue/rotational";
        return File.Exists(file) && File.ReadAllText(file).StartsWith('1');
    }

    private static SwapEntry SlotOf(PagemapEntry entry) =>
        entry.IsSwapped ? new SwapEntry(entry.SwapType, (uint)entry.SwapOffset) : SwapEntry.None;

    // Runs of slots that follow one another, as a difference is best read.
    private static List<string> Runs(IEnumerable<SwapEntry> entries)
    {
        List<(SwapEntry First, int Length)> runs = [];
        foreach (SwapEntry entry in entries)
        {
            if (runs.Count != 0 && runs[^1] is var last && entry == (last.First.IsSome ? last.First.Plus((uint)last.Length) : SwapEntry.None))
            {
                runs[^1] = (last.First, last.Length + 1);
            }
            else
            {
                runs.Add((entry, 1));
            }
        }

        return [.. runs.Select(run => string.Create(CultureInfo.InvariantCulture, $"{run.Length} from {run.First}"))];
    }

    private long Ask(AgentOperation operation, params ulong[] arguments)
    {
        AgentAnswer answer = _session.Agent.Ask(operation, Process, arguments);
        Assert.True(answer.Error == 0, $"{operation}: error {answer.Error}");
        return answer.Result;
    }
}
