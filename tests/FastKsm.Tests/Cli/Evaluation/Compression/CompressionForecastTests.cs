using System;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Compression;
using FastKsm.Cli.Offline;
using FastKsm.Tests.Cli.Offline;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Compression;

public sealed class CompressionForecastTests : IDisposable
{
    private const int Entry = 16;

    private readonly TemporaryFiles _files = new();

    public CompressionForecastTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: statx");

    // Noise stays whole, a repeated word takes nothing, and of equal pages one copy is compressed where they are merged too.
    [Fact]
    public void Evaluate_KnownPages_HaveKnownSizes()
    {
        byte[] word = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i % 8))];
        using MemoryImage image = RawImage.Open(_files.Write("memory", [.. OfflineRig.Pages(1, 1, 0), .. word]));

        CompressionForecast compression = Evaluate(image);

        Assert.Equal((4 * 4096, 4), (compression.Read, compression.Pages));
        Assert.Equal((2 * 4096) + (4 * Entry), compression.Compressed);
        Assert.Equal(4096 + (3 * Entry) + (4 * 64), compression.Both);
        Assert.True(compression.CompressionSeconds > 0);
    }

    [Fact]
    public void Evaluate_Text_IsSmallerAndRoundedToTheStepsOfTheAllocator()
    {
        byte[] text = [.. Enumerable.Range(0, 4096).Select(i => (byte)"customer number 0123456789 of many "[(i * i / 64) % 35])];
        using MemoryImage image = RawImage.Open(_files.Write("memory", text));

        CompressionForecast compression = Evaluate(image);

        Assert.InRange(compression.Compressed, 2 * Entry, 4000);
        Assert.Equal(0, compression.Compressed % 16);
        Assert.True(compression.DecompressionSeconds > 0);
    }

    public void Dispose() => _files.Dispose();

    private static CompressionForecast Evaluate(MemoryImage image) => Evaluator.Evaluate(
        [], new EvaluationOptions(256, UseZeroPages: false, OnlyMarked: false, Threads: 1) { Images = [image], Compress = true },
        new EvaluationProgress(), TestContext.Current.CancellationToken).Compression!;
}
