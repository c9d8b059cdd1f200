using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastKsm.Perf.Versus.Access;

/// <summary>Work through the public face only, so that builds of the engine can be compared that differ inside.</summary>
/// <remarks>
/// A build is loaded with this assembly into a context of its own (<see cref="EngineBuild"/>), so nothing here may use what only some builds
/// have. Each piece of work returns nanoseconds an operation, the least of several short times: a neighbour's time slice is not what it costs.
/// </remarks>
public static class FaceWork
{
    private const ulong Page = 4096;
    private const ulong Start = 1UL << 32;
    private const int Times = 15;

    /// <summary>Measures a piece of work once.</summary>
    /// <param name="work">Its name.</param>
    /// <returns>Nanoseconds an operation.</returns>
    /// <exception cref="ArgumentException">No work has this name.</exception>
    public static double Measure(string work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work switch
        {
            "read.8" => Accesses(bytes: 8, writes: false),
            "write.8" => Accesses(bytes: 8, writes: true),
            "read.64" => Accesses(bytes: 64, writes: false),
            "write.64" => Accesses(bytes: 64, writes: true),
            "miss" => Misses(),
            "touch" => Touches(),
            "copy" => Copies(),
            "fork" => Forks(),
            "unmap" => Unmaps(),
            "scan" => Scans(),
            _ => throw new ArgumentException($"No work is called {work}.", nameof(work)),
        };
    }

    // 32 pages in turn, all of them in the first level.
    private static double Accesses(int bytes, bool writes)
    {
        const int Repeats = 20_000;
        using Machine machine = new(new MachineOptions { Frames = 4096 });
        Cpu cpu = Run(machine, pages: 32);
        byte[] buffer = new byte[bytes];
        return Least(() => writes ? Write(cpu, buffer, Repeats) : Read(cpu, buffer, Repeats), Repeats);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Read(Cpu cpu, byte[] buffer, int repeats)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeats; i++)
        {
            cpu.Read(Start + ((ulong)(i & 31) * Page) + 128, buffer);
        }

        return Stopwatch.GetTimestamp() - start;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Write(Cpu cpu, byte[] buffer, int repeats)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeats; i++)
        {
            cpu.Write(Start + ((ulong)(i & 31) * Page) + 128, buffer);
        }

        return Stopwatch.GetTimestamp() - start;
    }

    // 8,192 pages in turn: more than any TLB holds.
    private static double Misses()
    {
        const int Pages = 8192;
        using Machine machine = new(new MachineOptions { Frames = 2 * Pages });
        Cpu cpu = Run(machine, Pages);
        byte[] buffer = new byte[8];
        return Least(
            () =>
            {
                long start = Stopwatch.GetTimestamp();
                for (ulong page = 0; page < Pages; page++)
                {
                    cpu.Read(Start + (page * Page), buffer);
                }

                return Stopwatch.GetTimestamp() - start;
            },
            Pages);
    }

    private static double Touches()
    {
        const int Pages = 2048;
        using Machine machine = new(new MachineOptions { Frames = 2 * Pages });
        Cpu cpu = Run(machine, pages: 1);
        byte[] buffer = new byte[8];
        ulong at = Start + (1 << 30);
        return Least(
            () =>
            {
                _ = cpu.Map(Pages * Page, new MapOptions { At = at });
                long start = Stopwatch.GetTimestamp();
                for (ulong page = 0; page < Pages; page++)
                {
                    cpu.Write(at + (page * Page), buffer);
                }

                long time = Stopwatch.GetTimestamp() - start;
                cpu.Unmap(at, Pages * Page);
                return time;
            },
            Pages);
    }

    private static double Copies()
    {
        const int Pages = 1024;
        using Machine machine = new(new MachineOptions { Frames = 4 * Pages });
        Cpu cpu = Run(machine, Pages);
        ModelProcess parent = cpu.Running!.Value;
        byte[] buffer = new byte[8];
        return Least(
            () =>
            {
                ModelProcess child = cpu.Fork();
                cpu.Run(child);
                long start = Stopwatch.GetTimestamp();
                for (ulong page = 0; page < Pages; page++)
                {
                    cpu.Write(Start + (page * Page), buffer);
                }

                long time = Stopwatch.GetTimestamp() - start;
                cpu.Exit();
                cpu.Run(parent);
                return time;
            },
            Pages);
    }

    private static double Forks()
    {
        const int Pages = 1024;
        using Machine machine = new(new MachineOptions { Frames = 4 * Pages });
        Cpu cpu = Run(machine, Pages);
        ModelProcess parent = cpu.Running!.Value;
        return Least(
            () =>
            {
                long start = Stopwatch.GetTimestamp();
                ModelProcess child = cpu.Fork();
                long time = Stopwatch.GetTimestamp() - start;
                cpu.Run(child);
                cpu.Exit();
                cpu.Run(parent);
                return time;
            },
            Pages);
    }

    private static double Unmaps()
    {
        const int Pages = 1024;
        using Machine machine = new(new MachineOptions { Frames = 4 * Pages });
        Cpu cpu = Run(machine, pages: 1);
        ulong at = Start + (1 << 30);
        byte[] buffer = new byte[8];
        return Least(
            () =>
            {
                _ = cpu.Map(Pages * Page, new MapOptions { At = at });
                for (ulong page = 0; page < Pages; page++)
                {
                    cpu.Write(at + (page * Page), buffer);
                }

                long start = Stopwatch.GetTimestamp();
                cpu.Unmap(at, Pages * Page);
                return Stopwatch.GetTimestamp() - start;
            },
            Pages);
    }

    // The scan in which pages merge: four of a kind.
    private static double Scans()
    {
        const int Pages = 4096;
        return Least(
            () =>
            {
                using Machine machine = new(new MachineOptions { Frames = 2 * Pages });
                Cpu cpu = Run(machine, pages: 1);
                ulong at = Start + (1 << 30);
                _ = cpu.Map(Pages * Page, new MapOptions { At = at });
                for (ulong page = 0; page < Pages; page++)
                {
                    cpu.WritePage(at + (page * Page), 1 + (page / 4));
                }

                cpu.Advise(at, Pages * Page, Advice.Mergeable);
                machine.Ksm.Write("pages_to_scan", "100000");
                machine.Ksm.Write("smart_scan", "0");
                machine.Ksm.Write("run", "1");
                _ = machine.Ksm.Scan();
                long start = Stopwatch.GetTimestamp();
                _ = machine.Ksm.Scan();
                return Stopwatch.GetTimestamp() - start;
            },
            Pages);
    }

    private static Cpu Run(Machine machine, int pages)
    {
        Cpu cpu = machine.Cpus[0];
        cpu.Run(machine.Spawn());
        _ = cpu.Map((ulong)pages * Page, new MapOptions { At = Start });
        for (ulong page = 0; page < (ulong)pages; page++)
        {
            cpu.WritePage(Start + (page * Page), 1 + page);
        }

        return cpu;
    }

    private static double Least(Func<long> work, int operations)
    {
        long least = long.MaxValue;
        for (int time = 0; time < Times; time++)
        {
            least = Math.Min(least, work());
        }

        return Stopwatch.GetElapsedTime(0, least).TotalNanoseconds / operations;
    }
}
