using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Offline;
using Xunit;

namespace FastKsm.Tests.Cli.Offline;

[SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The rig closes what it evaluates.")]
public sealed class CoreFileTests : IDisposable
{
    private readonly TemporaryFiles _files = new();

    public CoreFileTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: statx");

    [Fact]
    public void Open_Core_TellsTheProcessAndItsPages()
    {
        string path = _files.Write("one.core", new CoreBuilder()
            .Segment(0x10_0000, OfflineRig.Pages(1, 2, 2))
            .Segment(0x20_0000, OfflineRig.Pages(2, 3), memorySize: 0x10000)
            .Build());

        MemoryImage image = CoreFile.Open(path);
        EvaluationResult result = OfflineRig.Evaluate(image);

        Assert.Equal((4711, 1000u, "worker", "/usr/bin/worker --all (one.core)"), (image.Pid, image.UserId, image.Name, image.CommandLine));
        Assert.Equal((5, 1, 2, 2), OfflineRig.Counters(result));
        ProcessForecast process = Assert.Single(result.Processes);
        Assert.Equal([(0x10_0000ul, 3L), (0x20_0000ul, 2L)], process.Vmas.Select(vma => (vma.Vma.Start, vma.Counts.Pages)));
        Assert.Equal(0x21_0000ul, process.Vmas[1].Vma.End);
    }

    // QEMU's dump-guest-memory writes the guest's memory by its own addresses, and no vDSO.
    [Fact]
    public void Evaluate_MemoryFromAddressZero_IsCounted()
    {
        string path = _files.Write("guest.core", new CoreBuilder()
            .Segment(0, OfflineRig.Pages(1, 2, 2))
            .Segment(0xfffc_0000, OfflineRig.Pages(2))
            .Build());

        EvaluationResult result = OfflineRig.Evaluate(CoreFile.Open(path));

        Assert.Equal((4, 1, 2, 1), OfflineRig.Counters(result));
    }

    [Fact]
    public void Evaluate_ZeroesInCore_AreLeftOutAndCounted()
    {
        string path = _files.Write("one.core", new CoreBuilder().Segment(0x10_0000, OfflineRig.Pages(0, 1, 0, 1)).Build());

        EvaluationResult result = OfflineRig.Evaluate(CoreFile.Open(path));

        Assert.Equal((2, 1, 1, 0), OfflineRig.Counters(result));
        Assert.Equal(2, result.Images!.ZeroesLeftOut);
    }

    // What is equal to the file was not written; what lies behind its end is mapped as zeroes.
    [Fact]
    public void Evaluate_MappedFile_CountsWhatDiffersFromIt()
    {
        string mapped = _files.Write("program", [.. OfflineRig.Pages(5, 6, 7), 1, 2, 3]);
        byte[] tail = new byte[4096];
        ((byte[])[1, 2, 3]).CopyTo(tail, 0);
        string path = _files.Write("one.core", new CoreBuilder()
            .Segment(0x10_0000, [.. OfflineRig.Pages(6, 8), .. tail])
            .Mapped(0x10_0000, 0x10_3000, page: 1, mapped)
            .Build());

        EvaluationResult result = OfflineRig.Evaluate(CoreFile.Open(path));

        Assert.Equal((1, 0, 0, 1), OfflineRig.Counters(result));
        Assert.Equal(mapped, result.Processes[0].Vmas[0].Vma.Name);
    }

    [Fact]
    public void Evaluate_MappedFileThatIsNotHere_IsNotCounted()
    {
        string path = _files.Write("one.core", new CoreBuilder()
            .Segment(0x10_0000, OfflineRig.Pages(6, 8, 9))
            .Mapped(0x10_0000, 0x10_2000, page: 0, "/no/such/file")
            .Build());

        EvaluationResult result = OfflineRig.Evaluate(CoreFile.Open(path));

        Assert.Equal((1, 0, 0, 1), OfflineRig.Counters(result));
        Assert.Equal(2, result.Images!.PagesOfAbsentFiles);
    }

    // A name in a core may be of anything: a device is not opened, a pipe not waited for.
    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/tty")]
    [InlineData("/proc")]
    public void TryOpen_WhatIsNoRegularFile_IsNotOpened(string path)
    {
        Assert.Null(ImageFile.TryOpen(path, out _));
    }

    [Fact]
    public void Evaluate_HolesOfASparseCore_HaveNoPages()
    {
        byte[] bytes = new CoreBuilder().Segment(0x10_0000, OfflineRig.Pages([.. Enumerable.Range(1, 64)])).Build();
        string path = Path.Combine(_files.Root, "sparse.core");
        using (FileStream file = File.Create(path))
        {
            file.Write(bytes.AsSpan(0, bytes.Length - (48 * 4096)));
            file.SetLength(bytes.Length);
        }

        EvaluationResult result = OfflineRig.Evaluate(CoreFile.Open(path));

        Assert.Equal((16, 0, 0, 16), OfflineRig.Counters(result));
    }

    [Theory]
    [InlineData(0, 0x00, "not an ELF file")]
    [InlineData(4, 0x01, "not a 64-bit little-endian")]
    [InlineData(16, 0x02, "no core")]
    [InlineData(54, 0x20, "program headers of 32 bytes")]
    [InlineData(39, 0x7F, "beyond the end of the file")]
    [InlineData(57, 0xFF, "section header")]
    [InlineData(64 + 56 + 39, 0x10, "beyond the end of the file")]
    [InlineData(64 + 56 + 17, 0x01, "not whole pages")]
    [InlineData(64 + 56 + 56 + 18, 0x00, "begins before the end of the one before it")]
    public void Open_BrokenCore_SaysWhereAndWhat(int at, byte value, string expected)
    {
        byte[] bytes = new CoreBuilder().Segment(0x10_0000, OfflineRig.Pages(1, 2)).Segment(0x20_0000, OfflineRig.Pages(3)).Build();
        bytes[at] = value;
        bytes[56] = at == 57 ? (byte)0xFF : bytes[56];
        string path = _files.Write("broken.core", bytes);

        ToolException fault = Assert.Throws<ToolException>(() => CoreFile.Open(path));

        Assert.Equal(ExitCode.BadInput, fault.ExitCode);
        Assert.StartsWith(path, fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_CutOffCore_SaysSo()
    {
        byte[] bytes = new CoreBuilder().Segment(0x10_0000, OfflineRig.Pages(1, 2)).Build();

        ToolException fault = Assert.Throws<ToolException>(() => CoreFile.Open(_files.Write("cut.core", bytes[..^1])));

        Assert.Contains("is it cut off?", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(0)]
    public void Open_RawMemoryThatIsNotWholePages_IsRefused(int length)
    {
        ToolException fault = Assert.Throws<ToolException>(() => RawImage.Open(_files.Write("memory", new byte[length])));

        Assert.Contains("whole pages", fault.Message, StringComparison.Ordinal);
    }

    // Raw memory is what it is: its zeroes count, its holes do not, and it merges with cores.
    [Fact]
    public void Evaluate_RawMemoryBesideACore_MergesWithIt()
    {
        string memory = _files.Write("memory", OfflineRig.Pages(0, 0, 5, 6));
        string core = _files.Write("one.core", new CoreBuilder().Segment(0x10_0000, OfflineRig.Pages(6, 6)).Build());

        EvaluationResult result = OfflineRig.Evaluate(RawImage.Open(memory), CoreFile.Open(core));

        Assert.Equal((6, 2, 3, 1), OfflineRig.Counters(result));
        Assert.Equal(VmaEligibility.Eligible, result.Processes[0].Vmas[0].Eligibility);
    }

    public void Dispose() => _files.Dispose();
}
