using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Offline;
using Xunit;

namespace FastKsm.Tests.Cli.Offline;

/// <summary>What evaluating images gives.</summary>
internal static class OfflineRig
{
    /// <summary>Pages of given contents; 0 for zeroes.</summary>
    internal static byte[] Pages(params IEnumerable<int> contents) => [.. contents.SelectMany(Page)];

    /// <summary>Evaluates images, and closes them.</summary>
    internal static EvaluationResult Evaluate(params IReadOnlyList<MemoryImage> images)
    {
        try
        {
            EvaluationOptions options = new(256, UseZeroPages: false, OnlyMarked: false, Threads: 2) { Images = images };
            return Evaluator.Evaluate([], options, new EvaluationProgress(), TestContext.Current.CancellationToken);
        }
        finally
        {
            foreach (MemoryImage image in images)
            {
                image.Dispose();
            }
        }
    }

    /// <summary>Pages read, shared, sharing and unshared.</summary>
    internal static (long, long, long, long) Counters(EvaluationResult result) =>
        (result.Pages, result.Total.PagesShared, result.Total.PagesSharing, result.Total.PagesUnshared);

    private static byte[] Page(int content)
    {
        byte[] page = new byte[Environment.SystemPageSize];
        if (content != 0)
        {
            new Random(content).NextBytes(page);
        }

        return page;
    }
}
