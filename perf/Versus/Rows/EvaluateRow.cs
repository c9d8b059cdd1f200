using System;
using System.Linq;
using System.Threading;
using FastKsm.Cli.Evaluation;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>A live process of 1 GiB: our whole evaluation, against copying its memory out. Unit: ns a page.</summary>
/// <remarks>
/// The evaluation reads VMAs and pagemap, copies, hashes, sorts and forecasts. The peer knows beforehand where the memory
/// lies, and uses as many threads. In one row it keeps the copy, as whoever copies memory out does; in the other it throws
/// the bytes away, which is the least that any reader of another process can take.
/// </remarks>
internal sealed class EvaluateRow : IVersusRow
{
    private const int AreaCount = 64;

    private readonly bool _keepsCopy;

    /// <param name="id">Name of the row.</param>
    /// <param name="goal">The ratio that is promised.</param>
    /// <param name="keepsCopy">Whether the peer keeps what it reads.</param>
    internal EvaluateRow(string id, double goal, bool keepsCopy)
    {
        Id = id;
        Goal = goal;
        _keepsCopy = keepsCopy;
    }

    public string Id { get; }

    public string Unit => "ns/page";

    public double Goal { get; }

    public unsafe VersusMeasurement Measure(int rounds)
    {
        if (!OperatingSystem.IsLinux())
        {
            return VersusMeasurement.Skipped("live processes are read on Linux only");
        }

        using PeerLibrary? library = PeerLibrary.TryBuild("copy_out", out string reason);
        if (library is null)
        {
            return VersusMeasurement.Skipped(reason);
        }

        using HeldMemory target = HeldMemory.Start(AreaCount);
        int threads = Environment.ProcessorCount;
        EvaluationOptions options = new(MaxPageSharing: 256, UseZeroPages: false, OnlyMarked: false, threads);
        EvaluationResult Evaluate(int pid) =>
            Evaluator.Evaluate([pid], options, new EvaluationProgress(), CancellationToken.None);

        using (HeldMemory small = HeldMemory.Start(areaCount: 1))
        {
            Interleaved.WarmUp(() => Evaluate(small.Pid));
        }

        using PageBuffer? copy = _keepsCopy ? new PageBuffer(AreaCount * (HeldMemory.AreaBytes / PageBuffer.PageBytes)) : null;
        copy?.FillRandom();
        byte* keep = copy is null ? null : copy.Memory;
        var peer = (delegate* unmanaged<int, nuint*, nuint, nuint, byte*, int, int>)library.Function("copy_out");
        bool CopyOut()
        {
            fixed (nuint* areas = target.Areas)
            {
                return peer(target.Pid, areas, AreaCount, HeldMemory.AreaBytes, keep, threads) == 0;
            }
        }

        if (!CopyOut())
        {
            return VersusMeasurement.Skipped("the kernel refuses process_vm_readv (a container, or kernel.yama.ptrace_scope)");
        }

        // Ours reads the process's other pages as well; each side is charged for the pages that it read.
        double peerPages = AreaCount * (double)HeldMemory.AreaBytes / PageBuffer.PageBytes;
        VersusRound[] measured = Interleaved.Time(rounds, 1, () => ReadPages(Evaluate(target.Pid)), () => CopyOut());
        double ourPages = ReadPages(Evaluate(target.Pid));
        return VersusMeasurement.Of(
            [.. measured.Select(round => VersusRound.OfCosts(round.Ours / ourPages, round.Peer / peerPages))]);
    }

    private static long ReadPages(EvaluationResult result) =>
        result.Pages > 0 ? result.Pages : throw new InvalidOperationException("The process that holds memory is gone.");
}
