using System;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.Host;

public sealed class HostProbeTests
{
    // Releases as distributions write them.
    [Theory]
    [InlineData("6.12.117+deb13-cloud-amd64", true)]
    [InlineData("6.12.25+rpt-rpi-v8", true)]
    [InlineData("6.12.9+bpo-amd64", true)]
    [InlineData("6.18.0+", true)]
    [InlineData("6.17.2_1", true)]
    [InlineData("7.0.0+", true)]
    [InlineData("6.12", true)]
    [InlineData("6.11.9-generic", false)]
    [InlineData("6.1.0-49-amd64", false)]
    [InlineData("5.15.0", false)]
    public void Of_NothingTried_LeadingDigitsDecide(string release, bool drops)
    {
        HugePageSplits splits = HugePageSplits.Of(probed: null, release);

        Assert.Equal((drops, false), (splits.DropZeroes, splits.IsProbed));
        Assert.Contains("taken from the version", splits.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData("")]
    [InlineData("6")]
    public void Of_NothingTriedAndNoVersion_SaysSo(string release)
    {
        HugePageSplits splits = HugePageSplits.Of(probed: null, release);

        Assert.False(splits.IsProbed);
        Assert.Contains("Neither", splits.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_Tried_TheVersionDoesNotMatter(bool probed)
    {
        HugePageSplits splits = HugePageSplits.Of(probed, probed ? "5.4" : "6.18");

        Assert.Equal((probed, true), (splits.DropZeroes, splits.IsProbed));
    }

    [Theory]
    [InlineData("0\n", new[] { 0 })]
    [InlineData("0-1\n", new[] { 0, 1 })]
    [InlineData("0,2-3\n", new[] { 0, 2, 3 })]
    [InlineData("", new[] { 0 })]
    [InlineData("x", new[] { 0 })]
    [InlineData("0-99999999", new[] { 0 })]
    public void ParseList_KernelsForms_AreRead(string text, int[] nodes) => Assert.Equal(nodes, MemoryNodes.ParseList(text));

    [Theory]
    [InlineData(4000, true, 4)]
    [InlineData(1000, true, 1)]
    [InlineData(10000, true, 10)]
    [InlineData(0, false, 4)]
    [InlineData(1, false, 4)]
    public void Of_ClocksResolution_IsTheTick(double microseconds, bool isProbed, double milliseconds)
    {
        TimerTick tick = TimerTick.Of(TimeSpan.FromMicroseconds(microseconds));

        Assert.Equal((isProbed, milliseconds), (tick.IsProbed, tick.Length.TotalMilliseconds));
    }

    [Fact]
    public void Probes_OnThisHost_AnswerInASentence()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");
        TimerTick tick = TimerTick.Probe();

        Assert.InRange(tick.Length.TotalMilliseconds, 0.1, 100);
        Assert.NotEmpty(MemoryNodes.Probe().Nodes);
        foreach (string sentence in (string[])[tick.Sentence, MemoryNodes.Probe().Sentence, HugePageSplits.Probe(HostKsm.Read()).Sentence])
        {
            Assert.EndsWith(".", sentence, StringComparison.Ordinal);
        }
    }

    // This process's own pages: where the host tells, they lie on a node that has memory.
    [Fact]
    public unsafe void Ask_OwnPage_LiesOnANodeWithMemory()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");
        MemoryNodes host = MemoryNodes.Probe();
        Assert.SkipUnless(host.ShowPages, "the host does not tell the node of a page");
        NodesOfPages nodes = new([0, 1]);
        int local = 0;
        sbyte[] found = new sbyte[2];

        nodes.Ask(Environment.ProcessId, [(ulong)&local & ~4095UL, 4096], found);

        Assert.Contains((int)found[0], host.Nodes);
        Assert.Equal(-1, found[1]);
        Assert.Equal(1, nodes.Unknown);
    }
}
