using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;

namespace FastKsm.Tests.Merging;

/// <summary>A machine that performs random scripts about merging and tells everything that shows.</summary>
/// <remarks>
/// Beside it runs a dictionary of contents: whatever was merged, forked or unmerged, a page reads as what was last written.
/// Process 0 holds one page that no script touches, so that every scan has something to scan.
/// </remarks>
internal sealed class ScriptedMachine : IDisposable
{
    internal const int Pages = 40;
    internal const ulong FirstPage = 500; // Across the border between two leaves.

    private const ulong PageSize = 4096;
    private const int MaxProcesses = 6;
    private const ulong ContentOfZ = 999_999;

    private readonly Machine _machine;
    private readonly List<Running> _running = [];
    private readonly List<FramePin> _pins = [];
    private readonly Action<string>? _log;
    private readonly ModelClock _clock = new();
    private int _names;
    private ulong _unique = 1_000_000;

    internal ScriptedMachine(
        MergeIndexKind index, int maxPageSharing, bool smartScan, Action<string>? log = null, MachineOptions? options = null)
    {
        _log = log;
        _machine = new Machine((options ?? new MachineOptions()) with { Frames = 4096, Index = index, ModelTime = _clock });
        _ = _machine.Ksm.Listen(Events.Add);
        if (_machine.Options.Nodes > 1)
        {
            Knob("merge_across_nodes", 0);
        }

        Knob("max_page_sharing", maxPageSharing);
        Knob("smart_scan", smartScan ? 1 : 0);
        _machine.Ksm.Write("run", "1");
        Running z = Spawn(1);
        Write(z, FirstPage, ContentOfZ);
        _ = Spawn(Pages);
    }

    /// <summary>Everything that shows, scan by scan.</summary>
    internal List<Sight> Seen { get; } = [];

    /// <summary>Every event.</summary>
    internal List<KsmEvent> Events { get; } = [];

    public void Dispose()
    {
        foreach (FramePin pin in _pins)
        {
            pin.Dispose();
        }

        _machine.Validate();
        _machine.Dispose();
    }

    /// <summary>Performs a script and a last scan.</summary>
    internal void Perform(ScanOp[] script)
    {
        foreach (ScanOp op in script)
        {
            Perform(op);
        }

        Scan(2);
    }

    private void Perform(in ScanOp op)
    {
        if (op.Kind is ScanOpKind.Scan or ScanOpKind.ScanOften or ScanOpKind.ScanInBatches)
        {
            int times = op.Kind == ScanOpKind.ScanOften ? 12 + (op.Choice % 36) : 1 + (op.Choice % 3);
            Scan(times, op.Kind == ScanOpKind.ScanInBatches ? 1 + (op.Choice / 3 % 40) : int.MaxValue);
            return;
        }

        Running running = _running[1 + (op.Process % Math.Max(1, _running.Count - 1))];
        ulong page = FirstPage + (ulong)op.Page;
        ulong end = Math.Min(page + (ulong)op.Pages, FirstPage + Pages);
        ulong length = (end - page) * PageSize;
        ulong content = (ulong)(op.Choice % 5 == 0 ? 0 : op.Choice % 11);
        switch (op.Kind)
        {
            case ScanOpKind.Write:
                Write(running, page, content);
                break;
            case ScanOpKind.Fill or ScanOpKind.FillUnique:
                for (ulong at = page; at < end; at++)
                {
                    Write(running, at, op.Kind == ScanOpKind.Fill ? content : _unique++);
                }

                break;
            case ScanOpKind.Read when running.Pages.TryGetValue(page, out Held read) && read.MayRead:
                Log($"read {running.Name} {page}");
                byte[] bytes = new byte[1];
                running.Process.On().Read(page * PageSize, bytes);
                break;
            case ScanOpKind.Spawn when _running.Count < MaxProcesses:
                _ = Spawn(Pages);
                break;
            case ScanOpKind.Fork when _running.Count < MaxProcesses:
                Running child = new(running.Process.Fork(), _names++);
                Log($"fork {running.Name} {child.Name}");
                foreach ((ulong at, Held held) in running.Pages)
                {
                    child.Pages.Add(at, held);
                }

                _running.Add(child);
                break;
            case ScanOpKind.Exit when _running.Count > 2:
                Log($"exit {running.Name}");
                running.Process.Exit();
                _ = _running.Remove(running);
                break;
            case ScanOpKind.Exec when op.Choice % 2 == 0:
                running.Process.Exec();
                running.Pages.Clear();
                break;
            case ScanOpKind.Unmap:
                Log($"unmap {running.Name} {page} {end - page}");
                running.Process.Unmap(page * PageSize, length);
                Forget(running, page, end);
                break;
            case ScanOpKind.Map:
                Map(running, page, end, mergeable: op.Choice % 4 != 0);
                break;
            case ScanOpKind.Mergeable or ScanOpKind.Unmergeable:
                bool wanted = op.Kind == ScanOpKind.Mergeable;
                Log($"{(wanted ? "mergeable" : "unmergeable")} {running.Name} {page} {end - page}");
                _ = Try(() => running.Process.Advise(page * PageSize, length, wanted ? Advice.Mergeable : Advice.Unmergeable));
                break;
            case ScanOpKind.DontNeed:
                DropPages(running, page, end);
                break;
            case ScanOpKind.Protect:
                Protect(running, page, end, op.Choice);
                break;
            case ScanOpKind.Lock when op.Choice % 2 == 0:
                Log($"lock {running.Name} {page} {end - page}");
                _ = Try(() => running.Process.Lock(page * PageSize, length));
                break;
            case ScanOpKind.Lock:
                Log($"unlock {running.Name} {page} {end - page}");
                _ = Try(() => running.Process.Unlock(page * PageSize, length));
                break;
            case ScanOpKind.Remap:
                Remap(running, page, end, FirstPage + (ulong)(op.Choice % Pages));
                break;
            case ScanOpKind.ZeroPages:
                Knob("use_zero_pages", op.Choice % 2);
                break;
            case ScanOpKind.SmartScan:
                Knob("smart_scan", op.Choice % 2);
                break;
            case ScanOpKind.PruneInterval:
                Knob("stable_node_chains_prune_millisecs", op.Choice % 2 == 0 ? 0 : 2000);
                break;
            case ScanOpKind.Advance:
                Log($"advance {op.Choice % 3000}");
                _clock.Advance(TimeSpan.FromMilliseconds(op.Choice % 3000));
                break;
            case ScanOpKind.UnmergeAll when op.Choice % 3 == 0:
                Log("unmerge");
                _machine.Ksm.Write("run", "2");
                _machine.Validate();
                _machine.Ksm.Write("run", "1");
                break;
            case ScanOpKind.Pin when running.Pages.TryGetValue(page, out Held pinned) && pinned.MayRead:
                _pins.Add(running.Process.Pin(page * PageSize, op.Choice % 3 == 0 ? PinKind.Read : PinKind.Reference));
                break;
            case ScanOpKind.Unpin when _pins.Count > 0:
                _pins[op.Choice % _pins.Count].Dispose();
                _pins.RemoveAt(op.Choice % _pins.Count);
                break;
            case ScanOpKind.Migrate:
                Log($"migrate {running.Name} {page} {end - page}");
                int node = op.Choice % _machine.Options.Nodes;
                _ = Try(() => _ = running.Process.Migrate(page * PageSize, length, node));
                break;
            case ScanOpKind.PageOut:
                Log($"pageout {running.Name} {page} {end - page}");
                _ = Try(() => _ = running.Process.PageOut(page * PageSize, length));
                break;
            case ScanOpKind.MergeAny:
                running.Process.SetMergesAnything(op.Choice % 3 != 0);
                break;
            default:
                break;
        }
    }

    private void Scan(int times, int pages = int.MaxValue)
    {
        Knob("pages_to_scan", pages);
        for (int i = 0; i < times; i++)
        {
            bool ran = _machine.Ksm.Scan();
            Log("scan");
            _machine.Validate();
            Seen.Add(new Sight(_machine, [.. _running.Select(running => (running.Process, Entries(running)))], ran));
            CompareContents();
        }
    }

    private static IEnumerable<Pte> Entries(Running running) =>
        running.Pages.Keys.Select(page => running.Process.Translate(page * PageSize));

    private void CompareContents()
    {
        byte[] actual = new byte[PageSize];
        byte[] expected = new byte[PageSize];
        foreach (Running running in _running)
        {
            foreach ((ulong page, Held held) in running.Pages)
            {
                running.Process.Peek(page * PageSize, actual);
                PageContent.Fill(expected, held.Content);
                if (!actual.AsSpan().SequenceEqual(expected))
                {
                    throw new InvalidOperationException(
                        $"Process {running.Name} page {page} does not hold content {held.Content} but {MemoryMarshal.Read<ulong>(actual):x}.");
                }
            }
        }
    }

    private Running Spawn(int pages)
    {
        Running running = new(_machine.Spawn(), _names++);
        Log($"spawn {running.Name}");
        _running.Add(running);
        Map(running, FirstPage, FirstPage + (ulong)pages, mergeable: true);
        return running;
    }

    private void Map(Running running, ulong page, ulong end, bool mergeable)
    {
        for (ulong at = page; at < end; at++)
        {
            if (running.Pages.ContainsKey(at))
            {
                return;
            }
        }

        Log($"map {running.Name} {page} {end - page} {(mergeable ? 1 : 0)}");
        ulong address = running.Process.Map((end - page) * PageSize, new MapOptions { At = page * PageSize });
        if (mergeable)
        {
            running.Process.Advise(address, (end - page) * PageSize, Advice.Mergeable);
        }

        for (; page < end; page++)
        {
            running.Pages[page] = new Held(0, MayRead: true, MayWrite: true);
        }
    }

    private void Write(Running running, ulong page, ulong content)
    {
        if (running.Pages.TryGetValue(page, out Held held) && held.MayWrite)
        {
            Log($"write {running.Name} {page} {content}");
            running.Process.On().WritePage(page * PageSize, content);
            running.Pages[page] = held with { Content = content };
        }
    }

    // Stops at a locked page, and goes on behind a hole.
    private void DropPages(Running running, ulong page, ulong end)
    {
        for (; page < end; page++)
        {
            Log($"dontneed {running.Name} {page} 1");
            if (Try(() => running.Process.Advise(page * PageSize, PageSize, Advice.DontNeed)))
            {
                running.Pages[page] = running.Pages[page] with { Content = 0 };
            }
        }
    }

    private void Protect(Running running, ulong page, ulong end, int choice)
    {
        Protection protection = (choice % 4) switch
        {
            0 => Protection.None,
            1 => Protection.Read,
            _ => Protection.Read | Protection.Write,
        };
        Log($"protect {running.Name} {page} {end - page} {(int)protection}");
        _ = Try(() => running.Process.Protect(page * PageSize, (end - page) * PageSize, protection));
        for (; page < end && running.Pages.TryGetValue(page, out Held held); page++)
        {
            running.Pages[page] = held with { MayRead = protection != Protection.None, MayWrite = protection.HasFlag(Protection.Write) };
        }
    }

    private void Remap(Running running, ulong page, ulong end, ulong to)
    {
        ulong pages = end - page;
        if (to + pages > FirstPage + Pages)
        {
            return;
        }

        ulong length = pages * PageSize;
        if (!Try(() => _ = running.Process.Remap(page * PageSize, length, length, to: to * PageSize)))
        {
            return;
        }

        // Mappings go one after the other; where there is a hole, what was at the new place stays.
        Log($"remap {running.Name} {page} {pages} {to}");
        for (ulong i = 0; i < pages; i++)
        {
            if (running.Pages.Remove(page + i, out Held held))
            {
                running.Pages[to + i] = held;
            }
        }
    }

    private static void Forget(Running running, ulong page, ulong end)
    {
        for (; page < end; page++)
        {
            _ = running.Pages.Remove(page);
        }
    }

    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (MemoryOperationException)
        {
            return false;
        }
    }

    private void Knob(string file, int value)
    {
        Log($"knob {file} {value}");
        _machine.Ksm.Write(file, value.ToString(CultureInfo.InvariantCulture));
    }

    private void Log(string line) => _log?.Invoke(line);

    private readonly record struct Held(ulong Content, bool MayRead, bool MayWrite);

    private sealed class Running(ModelProcess process, int name)
    {
        internal ModelProcess Process { get; } = process;

        internal int Name { get; } = name;

        internal SortedDictionary<ulong, Held> Pages { get; } = [];
    }
}
