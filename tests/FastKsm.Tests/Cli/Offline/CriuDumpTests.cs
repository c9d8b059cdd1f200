using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Offline;
using FastKsm.Cli.Offline.Criu;
using Xunit;

namespace FastKsm.Tests.Cli.Offline;

public sealed class CriuDumpTests : IDisposable
{
    private const uint Private = 2;
    private const uint Shared = 1;
    private const uint Present = 4;
    private const uint Parent = 1;

    private readonly TemporaryFiles _files = new();

    public CriuDumpTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: statx");

    [Fact]
    public void Open_TwoProcesses_GivesTheirPagesByMapping()
    {
        Write(CriuBuilder.Process(
            20, 2, "worker", [(0x10000, 0x20000, 3, Private, 0x201), (0x30000, 0x32000, 3, Shared, 0x101), (0x40000, 0x42000, 5, Private, 0x9)],
            [(0x10000, 3, Present, false), (0x1f000, 1, Present, false), (0x30000, 2, Present, false), (0x40000, 1, Present, false)],
            OfflineRig.Pages(1, 1, 0, 2, 1, 1, 1)));
        Write(CriuBuilder.Process(7, 1, "other", [(0x10000, 0x20000, 3, Private, 0x201)], [(0x10000, 2, null, false)], OfflineRig.Pages(1, 0)));

        IReadOnlyList<MemoryImage> images = CriuDump.Open(_files.Root);
        EvaluationResult result = OfflineRig.Evaluate(images);

        Assert.Equal([(7, "other"), (20, "worker")], images.Select(image => (image.Pid, image.Name)));
        Assert.Equal((6, 2, 3, 1), OfflineRig.Counters(result));
        Assert.Equal(
            [VmaEligibility.Eligible, VmaEligibility.Shared, VmaEligibility.Special],
            result.Processes.Single(process => process.Process.Pid == 20).Vmas.Select(vma => vma.Eligibility));
    }

    // Pages that the parent dump has are not in this one's file.
    [Fact]
    public void Open_IncrementalDump_SkipsWhatIsInTheParent()
    {
        Write(CriuBuilder.Process(
            7, 1, "one", [(0x10000, 0x20000, 3, Private, 0x201)],
            [(0x10000, 2, Present, false), (0x12000, 3, Parent, true), (0x15000, 1, Present, false)],
            OfflineRig.Pages(1, 2, 1)));

        EvaluationResult result = OfflineRig.Evaluate(CriuDump.Open(_files.Root));

        Assert.Equal((3, 1, 1, 1), OfflineRig.Counters(result));
        Assert.Equal((3, 3), (result.Images!.PagesElsewhere, result.PagesLeft));
    }

    [Fact]
    public void Open_PagesBeyondTheirFile_IsOneError()
    {
        Write(CriuBuilder.Process(7, 1, "one", [], [(0x10000, 3, Present, false)], OfflineRig.Pages(1, 2)));

        ToolException fault = Assert.Throws<ToolException>(() => CriuDump.Open(_files.Root));

        Assert.Contains("pagemap-7.img: entry 1 has 3 pages beyond the end of pages-1.img", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mm-7.img")]
    [InlineData("core-7.img")]
    [InlineData("pages-1.img")]
    public void Open_FileThatIsMissing_IsNamed(string name)
    {
        Write(CriuBuilder.Process(7, 1, "one", [], [], []));
        File.Delete(Path.Combine(_files.Root, name));

        Assert.Contains(name, Assert.Throws<ToolException>(() => CriuDump.Open(_files.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_EmptyDirectory_IsRefused() =>
        Assert.Contains("not a directory of checkpoint images", Assert.Throws<ToolException>(() => CriuDump.Open(_files.Root)).Message, StringComparison.Ordinal);

    public void Dispose() => _files.Dispose();

    private void Write(IReadOnlyDictionary<string, byte[]> files)
    {
        foreach ((string name, byte[] bytes) in files)
        {
            _ = _files.Write(name, bytes);
        }
    }
}
