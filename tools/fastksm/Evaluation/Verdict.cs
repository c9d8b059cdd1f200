using System;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>What an operator should do with merging, and by which figures.</summary>
/// <remarks>
/// Worth it from 1 % of the memory read and 1 MiB on: below that, the processes' own ups and downs are larger. The saving is
/// <see cref="MergeForecast.MemorySaved"/>, with ksmd's records taken off; where marking all costs more than it gives but
/// marking the VMAs of the plan pays, that is the saving. "Switch it off" is for a host on which ksmd has been round at least
/// once, loses by the kernel's own <c>general_profit</c>, and has nothing worth having to win.
/// </remarks>
/// <param name="Kind">The answer.</param>
/// <param name="Saved">Bytes that would be saved; negative where merging costs more.</param>
/// <param name="NeedsChoice">Whether only marking the VMAs of the plan saves that, and marking everything does not.</param>
/// <param name="HostLoss">Bytes that KSM costs this host today beyond what it gives; 0 where it pays or does not run.</param>
/// <param name="IsOn">Whether ksmd runs and all of the processes are marked: nothing is left to be done.</param>
/// <param name="IsMarked">Whether any of the memory read is marked today.</param>
internal sealed record Verdict(
    VerdictKind Kind, long Saved, bool NeedsChoice, long HostLoss, bool IsOn, bool IsMarked)
{
    /// <summary>Least saving that is worth having, as a share of the memory read.</summary>
    internal const double LeastShare = 0.01;

    /// <summary>Least saving that is worth having, in bytes.</summary>
    internal const long LeastBytes = 1 << 20;

    /// <summary>Bytes that are saved when all is marked: those that are saved today, and what more is possible.</summary>
    internal static long SavedInAll(EvaluationResult result) => result.Reading is { Today: var today } && today.MergingPages + today.ZeroPages > 0
        ? today.Saved(result.PageSize) + today.More(result.Total, result.PageSize)
        : result.Total.MemorySaved(result.PageSize);

    /// <summary>Gives the verdict.</summary>
    /// <param name="result">What was evaluated.</param>
    /// <param name="host">What KSM does on the host today; null where there is none.</param>
    internal static Verdict Of(EvaluationResult result, HostKsmCounters? host)
    {
        long size = result.PageSize;
        long all = SavedInAll(result);
        long chosen = result.Marking.MemorySaved(size);
        double least = Math.Max(LeastBytes, LeastShare * result.Pages * size);
        bool needsChoice = all < least && chosen >= least;
        long saved = needsChoice ? chosen : all;
        long loss = host is { IsMerging: true, FullScans: > 0, GeneralProfit: < 0 and { } profit } ? -profit : 0;

        bool isMarked = false;
        bool isAllMarked = true;
        foreach (ProcessForecast process in result.Processes)
        {
            if (process.Process.Status == ReadStatus.Read)
            {
                isMarked |= process.IsMarkedToday;
                isAllMarked &= process.IsMarkedToday;
            }
        }

        return new Verdict(
            saved >= least ? VerdictKind.WorthIt : loss > 0 ? VerdictKind.SwitchOff : VerdictKind.NotWorthIt,
            saved,
            needsChoice,
            loss,
            host is { IsMerging: true } && isMarked && isAllMarked,
            isMarked);
    }
}
