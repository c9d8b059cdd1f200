using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>
/// An access that finds its translation in the CPU's TLB, address only, against one uncontended locked operation. Unit:
/// ns an access.
/// </summary>
/// <param name="id">Name of the row.</param>
/// <param name="goal">How many locked operations it may cost.</param>
/// <param name="pages">
/// Pages that are gone through, one after another: up to 64 are in the first level, up to 1536 in the second.
/// </param>
internal sealed class TlbAccessRow(string id, double goal, int pages) : IVersusRow
{
    private const int Repeats = 100_000;
    private const int TimesARound = 15;
    private const int WarmupRepeats = 2000;

    public string Id => id;

    public string Unit => "ns/access";

    public double Goal => goal;

    public bool IsCeiling => true;

    public VersusMeasurement Measure(int rounds)
    {
        using FlushEngine engine = new(new TlbOptions(), cpus: 2, new AllocationFaults());
        SpaceTranslations space = new(engine);
        space.Begin(1);
        CpuTlb cpu = engine[0];
        cpu.BeginDriving(Thread.CurrentThread);
        cpu.SwitchTo(space);
        for (int page = 0; page < pages; page++)
        {
            Translation translation = new(
                new Pfn((uint)page + 1),
                TranslationBits.Valid | TranslationBits.Writable | TranslationBits.Dirty | TranslationBits.Accessed);
            _ = cpu.BeginFilled((ulong)page, translation, writes: true);
            cpu.End();
        }

        ulong ours = 0;
        long word = 0;
        Interleaved.WarmUp(() => ours += Access(cpu, WarmupRepeats, pages));
        Interleaved.WarmUp(() => Lock(ref word, WarmupRepeats));
        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            // Of many short times the shortest: a neighbour's time slice in one of them is not what an access costs.
            double access = double.MaxValue, locked = double.MaxValue;
            for (int time = 0; time < TimesARound; time++)
            {
                access = Math.Min(access, Nanoseconds(() => ours += Access(cpu, Repeats, pages)));
                locked = Math.Min(locked, Nanoseconds(() => Lock(ref word, Repeats)));
            }

            measured[round] = VersusRound.OfQuotient(access, locked);
        }

        cpu.EndDriving();
        return VersusMeasurement.Of(measured);
    }

    private static double Nanoseconds(Action side)
    {
        long start = Stopwatch.GetTimestamp();
        side();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Repeats;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Access(CpuTlb cpu, int repeats, int pages)
    {
        ulong sum = 0;
        ulong page = 0;
        for (int i = 0; i < repeats; i++)
        {
            if (!cpu.TryBegin(page, writes: true, out Pfn frame))
            {
                throw new PeerDisagreesException("An access has missed.");
            }

            sum += frame.Number;
            cpu.End();
            page++;
            if (page == (ulong)pages)
            {
                page = 0;
            }
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Lock(ref long word, int repeats)
    {
        for (int i = 0; i < repeats; i++)
        {
            _ = Interlocked.Increment(ref word);
        }
    }
}
