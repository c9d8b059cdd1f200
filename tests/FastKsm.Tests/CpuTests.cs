using System;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests;

/// <summary>Who acts: CPUs run processes, and each is driven by one thread at a time. Misuse is one clear error and changes nothing.</summary>
public sealed class CpuTests
{
    private const ulong Page = Machines.Page;

    [Fact]
    public void Run_SwitchesBetweenProcesses_AndIdleRunsNone()
    {
        using Machine machine = Machines.Small();
        Cpu cpu = machine.Cpus[0];
        (ModelProcess first, ModelProcess second) = (machine.Spawn(), machine.Spawn());
        Assert.Null(cpu.Running);
        Assert.Null(first.Cpu);

        cpu.Run(first);
        ulong at = cpu.Map(Page, new MapOptions { At = 0x100000 });
        cpu.Write(at, [1]);
        cpu.Run(second);
        _ = cpu.Map(Page, new MapOptions { At = 0x100000 });
        cpu.Write(at, [2]);
        byte[] seen = new byte[1];
        cpu.Run(first);
        cpu.Read(at, seen);

        Assert.Equal(1, seen[0]);
        Assert.Equal(first, cpu.Running);
        Assert.Equal(cpu, second.Cpu);
        cpu.Idle();
        Assert.Null(cpu.Running);
        Assert.Equal(cpu, first.Cpu);
        machine.Validate();
    }

    [Fact]
    public void Access_OnAnIdleCpu_SaysSo()
    {
        using Machine machine = Machines.Small(cpus: 2);
        Cpu cpu = machine.Cpus[1];

        foreach (Action act in new Action[]
        {
            () => cpu.Read(0, new byte[1]),
            () => cpu.TryWrite(0, [1], out _),
            () => cpu.TryTouch(0, AccessKind.Read, out _),
            () => cpu.WritePage(0, 1),
            () => _ = cpu.Map(Page, new MapOptions()),
            () => cpu.Unmap(0, Page),
            () => _ = cpu.Fork(),
            cpu.Exec,
            cpu.Exit,
        })
        {
            Assert.Equal("CPU 1 is idle: it runs no process. Call Run first.", Assert.Throws<InvalidOperationException>(act).Message);
        }
    }

    [Fact]
    public void Run_AProcessOfAnotherMachineOrNone_IsRefused()
    {
        using Machine machine = Machines.Small();
        using Machine other = Machines.Small();
        Cpu cpu = machine.Cpus[0];
        ModelProcess foreign = other.Spawn();

        Assert.Contains("another machine", Assert.Throws<ArgumentException>(() => cpu.Run(foreign)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => cpu.Migrate(foreign, 0, Page));
        Assert.Throws<ArgumentException>(() => cpu.PageOut(foreign, 0, Page));
        Assert.Throws<ArgumentException>(() => cpu.ForceWrite(foreign, 0, [1]));
        Assert.Contains("no process", Assert.Throws<InvalidOperationException>(() => cpu.Run(default)).Message, StringComparison.Ordinal);
        Assert.Null(cpu.Running);
    }

    [Fact]
    public void Cpu_OfAnotherThread_IsRefusedUntilThatThreadIdles()
    {
        using Machine machine = Machines.Small(cpus: 2);
        Cpu cpu = machine.Cpus[0];
        ModelProcess process = machine.SpawnOn(cpu);
        ulong at = process.MapPages(1);

        Exception? failure = null;
        Thread other = new(() => failure = Record.Exception(() =>
        {
            foreach (Action act in new Action[]
            {
                () => cpu.Run(process),
                cpu.Idle,
                () => cpu.Write(at, [1]),
                () => cpu.TryRead(at, new byte[1], out _),
                () => cpu.Unmap(at, Page),
                () => cpu.Migrate(process, at, Page),
                cpu.Exit,
                machine.Validate,
                machine.Dispose,
            })
            {
                Assert.Contains("CPU 0 is driven by another thread", Assert.Throws<InvalidOperationException>(act).Message, StringComparison.Ordinal);
            }

            // Its own one it may drive, and run the same process there.
            machine.Cpus[1].Run(process);
            machine.Cpus[1].Write(at, [7]);
            machine.Cpus[1].Idle();
        }));
        other.Start();
        other.Join();

        Assert.Null(failure);
        Assert.Equal(7, process.Peek(at));
    }

    [Fact]
    public void Cpu_WhoseDriverHasEnded_IsSucceeded()
    {
        using Machine machine = Machines.Small(cpus: 2);
        ModelProcess process = machine.Spawn();
        ulong at = 0;
        Thread driver = new(() =>
        {
            machine.Cpus[1].Run(process);
            at = machine.Cpus[1].Map(Page, new MapOptions());
        });
        driver.Start();
        driver.Join();

        Assert.Equal(process, machine.Cpus[1].Running);
        machine.Cpus[1].Run(process);
        machine.Cpus[1].Write(at, [1]);
        machine.Cpus[1].Exit();
        machine.Validate();
    }

    [Fact]
    public void ExitAndExec_WhileAnotherCpuRunsTheProcess_AreRefusedAndNameIt()
    {
        using Machine machine = Machines.Small(cpus: 3);
        ModelProcess process = machine.SpawnOn(machine.Cpus[0]);
        ulong at = process.MapPages(1);
        process.Poke(at, 5);
        machine.Cpus[2].Run(process);

        foreach (Action act in new Action[] { machine.Cpus[0].Exit, machine.Cpus[0].Exec })
        {
            Assert.Contains("CPU 2 runs the process too", Assert.Throws<InvalidOperationException>(act).Message, StringComparison.Ordinal);
        }

        Assert.False(process.HasExited);
        machine.Cpus[2].Idle();
        byte[] seen = new byte[1];
        machine.Cpus[0].Read(at, seen);
        Assert.Equal(5, seen[0]);
        machine.Cpus[0].Exec();
        Assert.Equal(0, process.MapCount);
        machine.Cpus[0].Exit();
        Assert.True(process.HasExited);
        Assert.Null(machine.Cpus[0].Running);
        machine.Validate();
        Assert.Equal(1024, machine.FreeFrames);
    }

    [Fact]
    public async Task Exit_ByTwoThreadsAtOnce_HappensOnce()
    {
        const int Rounds = 3000;
        using Machine machine = Machines.Small(cpus: 2);
        ModelProcess[] processes = new ModelProcess[Rounds];
        for (int i = 0; i < Rounds; i++)
        {
            processes[i] = machine.Spawn();
        }

        int ended = 0;
        void End(Cpu cpu)
        {
            foreach (ModelProcess process in processes)
            {
                SpinWait spinner = default;
                while (!process.HasExited)
                {
                    try
                    {
                        cpu.Run(process);
                        cpu.Exit();
                        _ = Interlocked.Increment(ref ended);
                    }
                    catch (InvalidOperationException)
                    {
                        cpu.Idle();
                        spinner.SpinOnce();
                    }
                }
            }
        }

        await Threads.RunAll(() => End(machine.Cpus[0]), () => End(machine.Cpus[1]));

        Assert.Equal(Rounds, ended);
        machine.Validate();
    }

    [Fact]
    public void Handle_OfAProcessThatHasExited_NeverMeansAnotherOne()
    {
        using Machine machine = Machines.Small();
        Cpu cpu = machine.Cpus[0];
        ModelProcess gone = machine.SpawnOn(cpu);
        _ = cpu.Map(8 * Page, new MapOptions());
        cpu.Exit();
        ModelProcess next = machine.SpawnOn(cpu);
        _ = cpu.Map(4 * Page, new MapOptions());

        Assert.Same(gone.Record, next.Record);
        Assert.NotEqual(gone, next);
        Assert.True(gone.HasExited);
        Assert.Equal((0, 0UL, 0L), (gone.MapCount, gone.MappedBytes, gone.AddressSpaceId));
        Assert.Equal((1, 4 * Page), (next.MapCount, next.MappedBytes));
        Assert.Equal("The process has exited.", Assert.Throws<InvalidOperationException>(() => cpu.Run(gone)).Message);
        Assert.Throws<InvalidOperationException>(() => gone.FrameAt(0));
        Assert.Throws<InvalidOperationException>(() => gone.KsmStat);
        Assert.Throws<InvalidOperationException>(() => cpu.PageOut(gone, 0, Page));
        Assert.Equal(next, cpu.Running);
    }

    // The call on the other CPU is a user of the memory: it unmaps at its end, as the last mmput does on Linux.
    [Fact]
    public async Task Exit_BesideWorkOnItsMemoryByAnotherCpu_LeavesNothingBehind()
    {
        const int Rounds = 400;
        const int Pages = 64;
        using Machine machine = Machines.Small(frames: 4 * Pages, cpus: 2);
        ModelProcess current = default;
        int done = 0;
        void Live()
        {
            for (int round = 0; round < Rounds; round++)
            {
                ModelProcess process = machine.SpawnOn(machine.Cpus[0]);
                _ = process.MapAt(0x100, Pages);
                process.Touch(0x100 * Page, Pages);
                current = process;
                process.Exit();
            }

            Volatile.Write(ref done, 1);
        }

        void Work()
        {
            while (Volatile.Read(ref done) == 0)
            {
                ModelProcess process = current;
                if (process != default)
                {
                    _ = Record.Exception(() => machine.Cpus[1].Migrate(process, 0x100 * Page, Pages * Page));
                    _ = Record.Exception(() => machine.Cpus[1].PageOut(process, 0x100 * Page, Pages * Page));
                    _ = Record.Exception(() => process.UsageOf(0x100 * Page, Pages * Page));
                }
            }
        }

        await Threads.RunAll(machine.Cpus[0].Drive(Live), Work);

        machine.Validate();
        Assert.Equal(4 * Pages, machine.FreeFrames);
    }

    [Fact]
    public void BackgroundCpu_OnAnotherNode_TakesKsmdsFramesThere()
    {
        Assert.Equal(
            nameof(MachineOptions.BackgroundCpu),
            Assert.Throws<ArgumentOutOfRangeException>(() => new Machine(new MachineOptions { BackgroundCpu = 1 })).ParamName);
        using Machine machine = new(new MachineOptions { Frames = 1024, Cpus = 2, Nodes = 2, BackgroundCpu = 1 });
        Cpu cpu = machine.Cpus[0];
        ModelProcess process = machine.SpawnOn(cpu);
        ulong at = cpu.Map(4 * Page, new MapOptions());
        cpu.Advise(at, 4 * Page, Advice.Mergeable);
        for (ulong i = 0; i < 4; i++)
        {
            cpu.WritePage(at + (i * Page), 9);
        }

        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("smart_scan", "0");
        Assert.True(machine.Ksm.Scan());
        Assert.True(machine.Ksm.Scan());
        Assert.Equal(3, machine.Ksm.Counters.PagesSharing);
        Assert.Equal(0, machine.Store.Frames.Layout.NodeOf(process.FrameAt(at).Number));
        machine.Ksm.Write("run", "2");

        // The copies that unmerging makes are ksmd's: they come from the node of its CPU.
        Assert.Equal(1, machine.Store.Frames.Layout.NodeOf(process.FrameAt(at + Page).Number));
        machine.Validate();
    }
}
