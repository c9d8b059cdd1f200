using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>Paging out merged pages of one PTE each, by madvise: the engine against the running kernel. Mean over the ranks.</summary>
/// <remarks>
/// All of it on both sides: finding the page, the walk, the swap entry, keeping the bytes, freeing the frame. The kernel's side
/// is a process with one thread, whose CPU time is taken around its system calls, on a zram disk that is added for the row; waiting
/// for a CPU is charged to us only.
/// </remarks>
internal sealed class RmapPageOutRow(string id, double goal, int vmas) : IVersusRow
{
    // A round of the kernel takes five full scans.
    private const int MostRounds = 11;
    private const int SmallVmas = 600;
    private const int SpareVmas = 1024;
    private const ulong SwapBytes = 64 << 20;
    private const ulong AdvicePageOut = 21;

    public string Id => id;

    public string Unit => "ns/page";

    public double Goal => goal;

    public VersusMeasurement Measure(int rounds)
    {
        if (WhyNot() is { } obstacle)
        {
            return VersusMeasurement.Skipped(obstacle);
        }

        try
        {
            using KernelSession session = KernelSession.Begin(unmergeOthers: false, CancellationToken.None);
            session.BeginSwap(SwapBytes);
            return Measure(int.Min(rounds, MostRounds), session);
        }
        catch (ToolException exception)
        {
            return VersusMeasurement.Skipped(exception.Message);
        }
    }

    private static string? LimitOfVmas(int needed)
    {
        int most = int.Parse(File.ReadAllText("/proc/sys/vm/max_map_count"), CultureInfo.InvariantCulture);
        return most < needed ? $"it takes {needed} VMAs, and vm.max_map_count is {most}" : null;
    }

    private string? WhyNot() => KernelSession.Obstacle()
        ?? (LiveKsmd.Count("run") != 0 ? "KSM is in use on this host" : null)
        ?? LimitOfVmas(vmas + SpareVmas);

    private VersusMeasurement Measure(int rounds, KernelSession session)
    {
        // Small and soon done; afterwards the runtime has compiled our side fully.
        using (EnginePerformer small = new())
        {
            PageOutLayout layout = new(small, int.Min(vmas, SmallVmas));
            Interleaved.WarmUp(() => Round(layout, addresses => ByEngine(small, addresses)));
        }

        using EnginePerformer engine = new();
        using KernelPerformer kernel = new(session);
        PageOutLayout ours = new(engine, vmas);
        PageOutLayout peers = new(kernel, vmas);
        VersusRound[] measured = new VersusRound[rounds];

        // The first one meets cold caches.
        for (int round = -1; round < rounds; round++)
        {
            double our = Round(ours, addresses => ByEngine(engine, addresses));
            double peer = Round(peers, addresses => ByKernel(session, addresses));
            if (round >= 0)
            {
                measured[round] = VersusRound.OfCosts(our, peer);
            }
        }

        return VersusMeasurement.Of(measured);
    }

    private static double Round(PageOutLayout layout, Func<ulong[], double> pageOut)
    {
        layout.Merge();
        return layout.PageOut(pageOut);
    }

    private static double ByEngine(EnginePerformer engine, ulong[] addresses)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (ulong address in addresses)
        {
            engine.Advise(0, new PageRun(address, 1), MemoryAdvice.PageOut);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    private static double ByKernel(KernelSession session, ulong[] addresses)
    {
        AgentAnswer answer = session.Agent.Ask(
            AgentOperation.AdviseEach, 0, [AdvicePageOut], MemoryMarshal.AsBytes<ulong>(addresses));
        return answer.Error == 0 ? answer.Result
            : throw new InvalidOperationException($"madvise: {Marshal.GetPInvokeErrorMessage(answer.Error)}");
    }
}
