using System;
using System.Globalization;

namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>A machine whose CPUs run one process and have touched all its pages, which then are taken away.</summary>
/// <remarks>One thread drives all CPUs in turn, so that every run does the same.</remarks>
internal static class ShootdownRun
{
    private const ulong PageBytes = 4096;
    private const ulong Address = 1UL << 36;

    // What equal pages hold.
    private const ulong Content = 7;

    /// <summary>Runs a policy on a machine of its own.</summary>
    internal static ShootdownFigures Of(ShootdownPolicy policy, int cpus, int pages)
    {
        int crew = policy.Crew == Crew.One ? 1 : cpus;
        using Machine machine = new(new MachineOptions
        {
            // Twice: what is written after a fork, or moved, has a frame before it gives one up. The rest waits in the
            // CPUs' caches.
            Frames = (2L * pages) + (1024L * cpus),
            Cpus = cpus,
            Content = FrameContent.Fingerprint,
            Tlb = new TlbOptions { Shootdown = policy.Kind },
        });
        ModelProcess process = machine.Spawn();
        Cpu initiator = machine.Cpus[0];
        ulong bytes = (ulong)pages * PageBytes;
        initiator.Run(process);
        _ = initiator.Map(bytes, new MapOptions { At = Address });
        for (int page = 0; page < pages; page++)
        {
            initiator.WritePage(AddressOf(page), Content);
        }

        if (policy.How == TakeAway.Merge)
        {
            PrepareMerging(machine, initiator, bytes);
        }

        for (int cpu = 0; cpu < crew; cpu++)
        {
            Touch(machine.Cpus[cpu], process, pages);
        }

        int running = policy.Crew == Crew.HalfIdle ? (cpus + 1) / 2 : crew;
        for (int cpu = running; cpu < crew; cpu++)
        {
            machine.Cpus[cpu].Idle();
        }

        TlbStatistics before = machine.Tlbs.Statistics;
        (long own, long others) = Cycles(machine);
        Act(policy, machine, initiator, pages);
        (long ownAfter, long othersAfter) = Cycles(machine);
        TlbStatistics after = machine.Tlbs.Statistics;
        return new ShootdownFigures(
            policy, pages, running, Difference(before, after), ownAfter - own, othersAfter - others, Check(machine));
    }

    private static void Act(ShootdownPolicy policy, Machine machine, Cpu cpu, int pages)
    {
        switch (policy.How)
        {
            case TakeAway.ForkAndWrite:
                _ = cpu.Fork();
                for (int page = 0; page < pages; page++)
                {
                    cpu.WritePage(AddressOf(page), Content);
                }

                break;
            case TakeAway.Merge:
                _ = machine.Ksm.Scan();
                break;
            default:
                int run = policy.Run == 0 ? pages : policy.Run;
                for (int page = 0; page < pages; page += run)
                {
                    Take(policy.How, cpu, AddressOf(page), (ulong)int.Min(run, pages - page) * PageBytes);
                }

                break;
        }
    }

    private static void Take(TakeAway how, Cpu cpu, ulong address, ulong bytes)
    {
        switch (how)
        {
            case TakeAway.Unmap:
                cpu.Unmap(address, bytes);
                break;
            case TakeAway.Discard:
                cpu.Advise(address, bytes, Advice.DontNeed);
                break;
            case TakeAway.Migrate:
                _ = cpu.Migrate(cpu.Running!.Value, address, bytes);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(how), how, "Not a way to take a run of pages.");
        }
    }

    // The first scan takes checksums; the one that follows merges.
    private static void PrepareMerging(Machine machine, Cpu cpu, ulong bytes)
    {
        cpu.Advise(Address, bytes, Advice.Mergeable);
        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("pages_to_scan", int.MaxValue.ToString(CultureInfo.InvariantCulture));
        machine.Ksm.Write("run", "1");
        _ = machine.Ksm.Scan();
    }

    private static void Touch(Cpu cpu, ModelProcess process, int pages)
    {
        cpu.Run(process);
        for (int page = 0; page < pages; page++)
        {
            if (!cpu.TryTouch(AddressOf(page), AccessKind.Read, out Access access))
            {
                throw new ToolException(
                    ExitCode.Exhausted, $"scenario shootdowns: page {page} could not be read: {access.Status}.");
            }
        }
    }

    private static (long Own, long Others) Cycles(Machine machine)
    {
        long others = 0;
        for (int cpu = 1; cpu < machine.Options.Cpus; cpu++)
        {
            others += machine.Tlbs.CyclesOf(cpu);
        }

        return (machine.Tlbs.CyclesOf(0), others);
    }

    private static TlbStatistics Difference(in TlbStatistics before, in TlbStatistics after) => new()
    {
        FlushOperations = after.FlushOperations - before.FlushOperations,
        BatchOperations = after.BatchOperations - before.BatchOperations,
        Requests = after.Requests - before.Requests,
        Interrupts = after.Interrupts - before.Interrupts,
        RemoteFlushReceived = after.RemoteFlushReceived - before.RemoteFlushReceived,
        UsefulShootdowns = after.UsefulShootdowns - before.UsefulShootdowns,
        Broadcasts = after.Broadcasts - before.Broadcasts,
    };

    private static string? Check(Machine machine)
    {
        try
        {
            machine.Validate();
            return null;
        }
        catch (InvalidOperationException exception)
        {
            return exception.Message;
        }
    }

    private static ulong AddressOf(int page) => Address + ((ulong)page * PageBytes);
}
