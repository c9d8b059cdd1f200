using System;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.Tests.Tlb;

/// <summary>CPUs and address spaces without page tables, for rows that hold by the rules of flushes alone.</summary>
public abstract class FlushRows : IDisposable
{
    private protected const ulong Page = 0x200;

    private protected ModelClock Clock { get; } = new();

    private protected FlushEngine Engine { get; private set; } = null!;

    public void Dispose()
    {
        Engine?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected SpaceTranslations Make(int cpus, TlbOptions? options = null)
    {
        Engine = new FlushEngine((options ?? new TlbOptions()) with { Time = Clock }, cpus, new AllocationFaults());
        return Space(1);
    }

    private protected SpaceTranslations Space(ulong contextId)
    {
        SpaceTranslations mm = new(Engine);
        mm.Begin(contextId);
        return mm;
    }

    // On two CPUs, both as new.
    private protected SpaceTranslations AtGeneration(ulong generation)
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        while (mm.Generation < generation)
        {
            Flush(mm, 1);
        }

        return mm;
    }

    private protected void Run(int cpu, SpaceTranslations mm)
    {
        Engine[cpu].BeginDriving(Thread.CurrentThread);
        Engine[cpu].SwitchTo(mm);
    }

    private protected void Flush(SpaceTranslations mm, ulong pages) =>
        Engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, pages, 0, freedTables: false);
}
