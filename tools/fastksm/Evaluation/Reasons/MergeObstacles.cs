using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation.Reasons;

/// <summary>Puts together what does not merge: see this folder's README.</summary>
internal static class MergeObstacles
{
    /// <summary>All that is there, the largest first.</summary>
    internal static IReadOnlyList<MergeObstacle> Of(EvaluationResult result)
    {
        MergeForecast total = result.Total;
        long size = result.PageSize;
        long changed = result.Processes.Sum(process => process.Counts.Changed);
        long limit = total.StableNodeDups - total.StableNodeChains;
        long unique = total.PagesUnshared * size;
        long byPointers = Math.Min(result.Nearly?.ByPointers ?? 0, unique);
        long inParts = Math.Min(result.Nearly?.InParts ?? 0, unique - byPointers);
        List<MergeObstacle> all =
        [
            new(MergeObstacleKind.DiffersInPointers, byPointers),
            new(MergeObstacleKind.DiffersInParts, inParts),
            new(MergeObstacleKind.Unique, unique - byPointers - inParts),
            new(MergeObstacleKind.KeptCopy, (total.PagesShared - limit) * size),
            new(MergeObstacleKind.SharingLimit, limit * size),
            new(MergeObstacleKind.SharedByFork, Math.Max(total.PagesVolatile - changed, 0) * size),
            new(MergeObstacleKind.Changing, changed * size),
            new(MergeObstacleKind.Left, result.PagesLeft * size),
            .. OfVmas(result),
        ];
        if (result.Reading is { } reading)
        {
            all.Add(new(MergeObstacleKind.Registered, reading.PinnedBytes));
            all.Add(new(MergeObstacleKind.Pinned, reading.PinnedSomewhereBytes));
            all.Add(new(MergeObstacleKind.Memfd, reading.Shared.Memfd));
            all.Add(new(MergeObstacleKind.SharedMemory, reading.Shared.Shm));
            all.Add(new(MergeObstacleKind.SharedFiles, reading.Shared.Files));
            all.Add(new(MergeObstacleKind.HugeTlb, reading.Shared.HugeTlb));
            all.Add(new(MergeObstacleKind.Device, reading.Shared.Device));
        }

        return [.. all.Where(obstacle => obstacle.Bytes > 0).OrderByDescending(obstacle => obstacle.Bytes).ThenBy(obstacle => obstacle.Kind)];
    }

    private static IEnumerable<MergeObstacle> OfVmas(EvaluationResult result)
    {
        long notMarked = 0;
        long swapped = 0;
        long files = 0;
        long special = 0;
        foreach (ProcessForecast process in result.Processes)
        {
            if (process.Process.Status != ReadStatus.Read)
            {
                continue;
            }

            foreach (VmaForecast forecast in process.Vmas)
            {
                Vma vma = forecast.Vma;
                bool isPrivate = forecast.Eligibility is VmaEligibility.Eligible or VmaEligibility.NotMarked;
                notMarked += forecast.Eligibility == VmaEligibility.NotMarked ? (long)vma.AnonymousBytes : 0;
                swapped += isPrivate ? (long)vma.SwappedBytes : 0;
                files += isPrivate && vma.ProportionalBytes > vma.AnonymousBytes ? (long)(vma.ProportionalBytes - vma.AnonymousBytes) : 0;
                special += forecast.Eligibility is VmaEligibility.Special or VmaEligibility.Droppable ? (long)vma.ProportionalBytes : 0;
            }
        }

        return
        [
            new(MergeObstacleKind.NotMarked, notMarked),
            new(MergeObstacleKind.Swapped, swapped),
            new(MergeObstacleKind.FilePages, files),
            new(MergeObstacleKind.Special, special),
        ];
    }
}
