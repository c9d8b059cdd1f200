using System;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Templates;
using FastKsm.Cli.Offline;
using FastKsm.Tests.Cli.Offline;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Templates;

[SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The rig closes what it evaluates.")]
public sealed class TemplateComparisonTests : IDisposable
{
    private readonly TemporaryFiles _files = new();

    public TemplateComparisonTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: statx");

    [Fact]
    public void Of_RawMemory_TellsWhatIsSameElsewhereAndPrivateByBlock()
    {
        int[] snapshot = [.. Enumerable.Range(1, 1024)];
        int[] instance = [.. snapshot];
        for (int i = 0; i < 16; i++)
        {
            instance[512 + i] = snapshot[i]; // A block of 64 KiB that lies elsewhere.
        }

        instance[528] = 9999;
        instance[529] = snapshot[5];
        string template = _files.Write("template", OfflineRig.Pages(snapshot));

        TemplateComparison comparison = Compare(template, RawImage.Open(_files.Write("instance", OfflineRig.Pages(instance))));

        Assert.Equal(1024, comparison.Pages);
        Assert.Equal(
            [new TemplateShare(1, 1006, 17, 1), new TemplateShare(16, 992, 16, 16), new TemplateShare(512, 512, 0, 512)],
            Assert.Single(comparison.ByProcess).Shares);
    }

    // By address, and a block counts as the same if what is there of it is.
    [Fact]
    public void Of_Cores_ComparesByAddress()
    {
        string template = _files.Write("template.core", new CoreBuilder().Segment(0x10_0000, OfflineRig.Pages([.. Enumerable.Range(1, 32)])).Build());
        string instance = _files.Write("instance.core", new CoreBuilder()
            .Segment(0x10_0000, OfflineRig.Pages(1, 2, 3))
            .Segment(0x11_0000, OfflineRig.Pages(17, 5))
            .Segment(0x40_0000, OfflineRig.Pages([.. Enumerable.Range(1, 16)]))
            .Build());

        TemplateComparison comparison = Compare(template, CoreFile.Open(instance));

        Assert.Equal(
            [new TemplateShare(1, 4, 17, 0), new TemplateShare(16, 3, 16, 2), new TemplateShare(512, 0, 0, 21)],
            Assert.Single(comparison.ByProcess).Shares);
    }

    [Fact]
    public void Read_SeveralProcesses_IsRefused()
    {
        foreach (int pid in (int[])[7, 8])
        {
            foreach ((string name, byte[] bytes) in CriuBuilder.Process(pid, pid, "one", [], [], []))
            {
                _ = _files.Write(name, bytes);
            }
        }

        Assert.Contains("a template is of one", Assert.Throws<ToolException>(() => Template.Read(_files.Root)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Dispose();

    private static TemplateComparison Compare(string template, MemoryImage image)
    {
        using (image)
        {
            EvaluationOptions options = new(256, UseZeroPages: false, OnlyMarked: false, Threads: 2)
            {
                Images = [image],
                Template = Template.Read(template),
            };
            return Evaluator.Evaluate([], options, new EvaluationProgress(), TestContext.Current.CancellationToken).Template!;
        }
    }
}
