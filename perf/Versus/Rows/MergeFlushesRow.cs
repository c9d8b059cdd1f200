using System;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>
/// Flush operations that a batch takes to merge equal pages of one process, which another CPU runs: two at once, against those of
/// Linux's way, page by page. Counted, so one round is enough.
/// </summary>
/// <param name="id">Name of the row.</param>
/// <param name="pages">Equal pages.</param>
internal sealed class MergeFlushesRow(string id, int pages) : IVersusRow
{
    private const ulong Page = 4096;
    private const ulong Start = 0x1000 * Page;
    private const double PromisedOperations = 2;

    public string Id => id;

    public string Unit => "ops";

    public double Goal => OperationsPageByPage / PromisedOperations;

    // Each page is write-protected, and all but the first are replaced.
    private double OperationsPageByPage => (2.0 * pages) - 1;

    public VersusMeasurement Measure(int rounds)
    {
        double peer = OperationsOf(MergeFlushes.EachPage);
        if (peer != OperationsPageByPage)
        {
            throw new InvalidOperationException($"Page by page took {peer} operations instead of {OperationsPageByPage}.");
        }

        return VersusMeasurement.Of([VersusRound.OfCosts(OperationsOf(MergeFlushes.Batched), peer)]);
    }

    private double OperationsOf(MergeFlushes flushes)
    {
        using Machine machine = new(new MachineOptions { Frames = 16L * pages, Cpus = 2, MergeFlushes = flushes });
        machine.Ksm.Write("run", "1");
        machine.Ksm.Write("pages_to_scan", "1000000");
        machine.Ksm.Write("max_page_sharing", "1000000");
        ModelProcess process = machine.Spawn();
        Cpu cpu = machine.Cpus[1];
        cpu.Run(process);
        _ = cpu.Map((ulong)pages * Page, new MapOptions { At = Start });
        cpu.Advise(Start, (ulong)pages * Page, Advice.Mergeable);
        for (int page = 0; page < pages; page++)
        {
            cpu.Write(Start + ((ulong)page * Page), [7]);
        }

        // The first scan only learns the checksums.
        _ = machine.Ksm.Scan();
        long before = Operations(machine);
        _ = machine.Ksm.Scan();
        if (machine.Ksm.Counters.PagesSharing != pages - 1)
        {
            throw new InvalidOperationException($"Only {machine.Ksm.Counters.PagesSharing} pages have been merged.");
        }

        return Operations(machine) - before;
    }

    private static long Operations(Machine machine)
    {
        TlbStatistics statistics = machine.Tlbs.Statistics;
        return statistics.FlushOperations + statistics.BatchOperations;
    }
}
