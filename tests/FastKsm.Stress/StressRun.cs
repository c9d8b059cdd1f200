using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;

namespace FastKsm.Stress;

/// <summary>
/// Eight drivers on processes made by fork, ksmd, a migrator and a pager, in one machine after another.
/// </summary>
internal sealed class StressRun
{
    private const int Drivers = 8;
    private const int Migrator = Drivers;
    private const int Pager = Drivers + 1;
    private const int Scanner = Drivers + 2;
    private const int Cpus = Drivers + 3;
    private const int Published = 32;
    private const int HotBlocks = 6;

    // Threads of each process: one of four, one of two, and two of one.
    private static readonly int[] s_teams = [4, 2, 1, 1];

    private readonly ConcurrentBag<DriverView> _spareViews = [];
    private readonly ModelProcessBox?[] _processes = new ModelProcessBox?[Published];
    private readonly long[] _counts = new long[Enum.GetValues<Operation>().Length];
    private int _nextTag;
    private int _nextPublished;
    private int _isOver;

    internal StressRun(StressOptions options) => Options = options;

    /// <summary>How much.</summary>
    internal StressOptions Options { get; }

    /// <summary>What was wrong.</summary>
    internal Findings Findings { get; } = new();

    /// <summary>The machine of this phase.</summary>
    internal Machine Machine { get; private set; } = null!;

    /// <summary>Number of the phase.</summary>
    internal int Phase { get; private set; }

    /// <summary>Whether the drivers are done.</summary>
    internal bool IsOver => Volatile.Read(ref _isOver) != 0 || Findings.IsStopping;

    /// <summary>What has been done, and how long it took.</summary>
    internal string Summary => string.Join(
        Environment.NewLine,
        Enum.GetValues<Operation>()
            .Select(operation => FormattableString.Invariant($"{operation,-16}{_counts[(int)operation],14:N0}"))
            .Prepend(FormattableString.Invariant(
                $"{Total:N0} operations in {Options.Phases} phases, {Seconds:F1} s, checks {EngineChecks.AreOn}"))
            .Prepend($"seed {Options.Seed}"));

    /// <summary>Operations of the drivers.</summary>
    internal long Total { get; private set; }

    private double Seconds { get; set; }

    /// <summary>Runs all phases, or until anything is wrong.</summary>
    internal void RunAll()
    {
        long start = Stopwatch.GetTimestamp();
        for (Phase = 0; Phase < Options.Phases && !Findings.Any; Phase++)
        {
            RunPhase();
        }

        Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Whether system calls are made much more often.</summary>
    internal bool IsBusyPhase => Phase % 3 == 1;

    /// <summary>
    /// One of the blocks where most happens: six in a row, or the last ones, the huge ones among them.
    /// </summary>
    internal int AnyHotBlock(ref Dice dice) => ((Phase * 5) + dice.Roll(HotBlocks)) % Layout.Blocks.Length;

    /// <summary>A view of a child that does not live yet.</summary>
    internal DriverView TakeView()
    {
        DriverView view = _spareViews.TryTake(out DriverView? spare)
            ? spare
            : new DriverView { Space = new ModelSpace() };
        view.Space.Tag = (uint)Interlocked.Increment(ref _nextTag) & 0xFFF;
        return view;
    }

    /// <summary>A child has ended.</summary>
    internal void ReturnView(DriverView view) => _spareViews.Add(view);

    /// <summary>Migrator and pager may work on a process from here on.</summary>
    internal void Publish(ModelProcess process)
    {
        uint number = (uint)Interlocked.Increment(ref _nextPublished);
        int place = s_teams.Length + 1 + (int)(number % (Published - s_teams.Length - 1));
        Volatile.Write(ref _processes[place], new ModelProcessBox(process));
    }

    /// <summary>Any process that lives, or lived.</summary>
    internal ModelProcess AnyProcess(ref Dice dice)
    {
        int place = dice.Roll(2) == 0 ? dice.Roll(s_teams.Length + 1) : dice.Roll(Published);
        return (Volatile.Read(ref _processes[place]) ?? _processes[0]!).Process;
    }

    private void RunPhase()
    {
        Volatile.Write(ref _isOver, 0);
        Array.Clear(_processes);
        Machine = new Machine(Machines.OptionsOf(Phase, Cpus, Scanner));
        Machine.Store.Flushes.Bug = Options.Bug;
        foreach ((string file, string text) in Machines.KnobsOf(Phase))
        {
            Machine.Ksm.Write(file, text);
        }

        DriverView root = MakeRoot();
        List<Driver> drivers = MakeDrivers(root);
        Cpu main = Machine.Cpus[0];
        main.Idle();
        Work(drivers);
        if (Findings.Any)
        {
            return;
        }

        try
        {
            Machine.Validate();
            End(root, drivers);
            Machine.Validate();
            Machine.Dispose();
        }
#pragma warning disable CA1031 // Whatever the engine throws here is a finding.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Findings.Add($"FASTKSM_SEED={Options.Seed} after phase {Phase}: {exception}");
        }
    }

    // A process that has written all its pages, from which all others descend, and which does nothing afterwards.
    private DriverView MakeRoot()
    {
        DriverView root = TakeView();
        root.Space.Process = Machine.Spawn();
        Cpu cpu = Machine.Cpus[0];
        cpu.Run(root.Space.Process);
        foreach (BlockShape block in Layout.Blocks)
        {
            Driver.MapBlock(cpu, block, place: 0);
            root.Space.Blocks[block.Number] = new BlockState { Protection = Protection.Read | Protection.Write };
        }

        root.Words.AsSpan().Clear();
        root.Own.AsSpan().Clear();
        root.Space.Pages.AsSpan().Clear();
        root.Space.Slots.AsSpan().Clear();
        Driver writer = new(this, 0, root, Options.Seed);
        writer.WriteAll();
        _processes[0] = new ModelProcessBox(root.Space.Process);
        return root;
    }

    private List<Driver> MakeDrivers(DriverView root)
    {
        List<Driver> drivers = [];
        for (int team = 0; team < s_teams.Length; team++)
        {
            DriverView first = TakeView();
            _ = Driver.ForkInto(Machine.Cpus[0], root, first);
            Machine.Cpus[0].Run(first.Space.Process);
            new Driver(this, 0, first, Options.Seed).Settle(Layout.SharedBlocks);
            Machine.Cpus[0].Run(root.Space.Process);
            first.ShareAmong(s_teams[team]);
            _processes[team + 1] = new ModelProcessBox(first.Space.Process);
            for (int thread = 0; thread < s_teams[team]; thread++)
            {
                ulong seed = (Options.Seed * 1000) + (ulong)((Phase * 100) + drivers.Count);
                drivers.Add(new Driver(this, drivers.Count, first.ForThread(thread), seed));
            }
        }

        return drivers;
    }

    private void Work(List<Driver> drivers)
    {
        long each = Options.Operations / Options.Phases / drivers.Count;
        List<Thread> threads = [.. drivers.Select(driver => new Thread(() => driver.Drive(each)))];
        List<Background> others = [];
        List<Thread> beside = [];
        if (Options.HasBackground)
        {
            others = [.. Enumerable.Range(0, 4).Select(i => new Background(this, (Options.Seed * 7) + (ulong)i))];
            beside.Add(new Thread(others[0].Scan));
            beside.Add(new Thread(() => others[1].Migrate(Machine.Cpus[Migrator])));
            beside.Add(new Thread(() => others[2].PageOut(Machine.Cpus[Pager])));
            if (Machine.Options.Nodes > 1)
            {
                beside.Add(new Thread(others[3].TakeNodes));
            }
        }

        threads.ForEach(thread => thread.Start());
        beside.ForEach(thread => thread.Start());
        Await(threads, drivers);
        Volatile.Write(ref _isOver, 1);
        Await(beside, drivers);
        foreach (long[] counts in drivers.Select(driver => driver.Counts).Concat(others.Select(other => other.Counts)))
        {
            for (int i = 0; i < counts.Length; i++)
            {
                _counts[i] += counts[i];
            }
        }

        Total += drivers.Sum(driver => driver.Done);
    }

    // A run that goes no further ends the program, with what each driver does: none of them can be asked to stop.
    private void Await(List<Thread> threads, List<Driver> drivers)
    {
        long last = -1;
        long since = Stopwatch.GetTimestamp();
        foreach (Thread thread in threads)
        {
            while (!thread.Join(TimeSpan.FromSeconds(1)))
            {
                long now = drivers.Sum(driver => driver.Done);
                if (now != last)
                {
                    (last, since) = (now, Stopwatch.GetTimestamp());
                }
                else if (Stopwatch.GetElapsedTime(since) > Options.Patience)
                {
                    IEnumerable<string> lines = drivers.Select(driver => driver.Doing).Concat(Findings.Texts);
                    string text = string.Join(Environment.NewLine, lines);
                    Console.Error.WriteLine($"FASTKSM_SEED={Options.Seed} phase {Phase} hangs.");
                    Console.Error.WriteLine(text);
                    Console.Error.Flush();
                    Hang.Report();
                    Environment.FailFast($"The stress hangs.{Environment.NewLine}{text}");
                }
            }
        }
    }

    // The root has not changed; then everything goes, and nothing is left.
    private void End(DriverView root, List<Driver> drivers)
    {
        new Driver(this, 0, root, 1).CheckAll();
        Cpu cpu = Machine.Cpus[0];
        cpu.Run(root.Space.Process);
        cpu.Exit();
        foreach (DriverView view in drivers.Select(driver => driver.Team).Where(view => view.Thread == 0))
        {
            cpu.Run(view.Space.Process);
            cpu.Exit();
        }

        _ = Machine.Ksm.Batch();
        _ = Machine.Ksm.Batch();
        if (Machine.FreeFrames != Machine.Options.Frames)
        {
            string frames = $"{Machine.FreeFrames} of {Machine.Options.Frames} frames are free";
            Findings.Add($"FASTKSM_SEED={Options.Seed} after phase {Phase}: {frames}");
        }
    }
}
