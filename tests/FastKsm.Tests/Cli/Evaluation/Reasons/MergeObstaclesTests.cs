using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Reasons;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Tests.Cli.Output;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Reasons;

public sealed class MergeObstaclesTests
{
    [Fact]
    public void Of_Forecast_HasEachPageThatStaysOnce()
    {
        MergeForecast total = new()
        {
            PagesShared = 30,
            PagesSharing = 100,
            PagesUnshared = 500,
            PagesVolatile = 70,
            StableNodeChains = 2,
            StableNodeDups = 9,
            RmapItems = 700,
        };

        long[] bytes = [.. MergeObstacles.Of(EvaluationResults.Of(total, pages: 700)).Select(obstacle => obstacle.Bytes)];

        Assert.Equal(700 - 100, bytes.Sum() / 4096);
        Assert.Equal(bytes.OrderDescending(), bytes);
    }

    [Theory]
    [InlineData("NotMarked", 8192 + 4096, 4096, "not_marked 8192, file_pages 4096, swapped 4096")]
    [InlineData("Eligible", 8192, 0, "")]
    [InlineData("Special", 8192, 0, "special 8192")]
    [InlineData("Shared", 8192, 4096, "")] // Counted by kind, elsewhere.
    public void Of_Vma_SaysWhy(string eligibility, long proportional, long swapped, string expected)
    {
        Vma vma = new(0, 1 << 20, VmaFlags.Readable, 8192, 0, "/some/file") { ProportionalBytes = (ulong)proportional, SwappedBytes = (ulong)swapped };
        EvaluationResult result = EvaluationResults.Of(default, pages: 0);
        result = result with
        {
            Processes = [result.Processes[0] with { Vmas = [new VmaForecast(vma, System.Enum.Parse<VmaEligibility>(eligibility), default, IsWorthMarking: false)] }],
        };

        Assert.Equal(expected, string.Join(", ", MergeObstacles.Of(result).Select(one => $"{ObstacleWording.KeyOf(one.Kind)} {one.Bytes}").OrderByDescending(text => text.Contains("8192", System.StringComparison.Ordinal)).ThenBy(text => text, System.StringComparer.Ordinal)));
    }

    [Fact]
    public void Wording_EveryReasonAndCause_HasAKeyAndAName()
    {
        MergeObstacleKind[] kinds = System.Enum.GetValues<MergeObstacleKind>();

        Assert.Equal(kinds.Length, kinds.Select(ObstacleWording.KeyOf).Distinct(System.StringComparer.Ordinal).Count());
        Assert.Equal(kinds.Length, kinds.Select(ObstacleWording.NameOf).Distinct(System.StringComparer.Ordinal).Count());
        Assert.All(kinds, kind => Assert.NotEmpty(ObstacleWording.Remark(kind, isNearlyKnown: false)));
    }
}
