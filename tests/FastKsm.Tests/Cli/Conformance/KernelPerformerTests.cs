using System.Threading;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary>What the kernel's side does that a comparison would not show.</summary>
[Collection("host's KSM")]
public sealed class KernelPerformerTests
{
    private const ulong Heap = 0x10_0000_0000;

    [Fact]
    public void ControlMerging_OnTheWholeProcess_MakesNoItemOutsideOfTheScriptsPages()
    {
        using HostKsmUse use = HostKsmUse.Begin();
        using KernelSession session = KernelSession.Begin(unmergeOthers: false, CancellationToken.None);
        using KernelPerformer kernel = new(session);
        kernel.Start(new MachineSettings());
        kernel.Spawn(0, "A", 0);
        kernel.ControlMerging(0, sets: true, [1]);
        _ = kernel.Map(0, 4, new MapSettings(), Heap);
        kernel.Fill(0, new PageRun(Heap, 4), new ContentPattern(IsUnique: false, 7));
        kernel.Fork(0, 1);
        kernel.Fork(0, 2);
        kernel.Exec(2);
        _ = kernel.Map(2, 3, new MapSettings(), Heap);
        kernel.Fill(2, new PageRun(Heap, 3), new ContentPattern(IsUnique: false, 7));

        for (int i = 0; i < 3; i++)
        {
            kernel.Scan();
        }

        long items = 0;
        foreach ((int process, long pages) in new (int, long)[] { (0, 4), (1, 4), (2, 3) })
        {
            Assert.True(kernel.TryReadCounter(process, "ksm_rmap_items", out CounterValue own));
            Assert.True(kernel.TryReadCounter(process, "ksm_merge_any", out CounterValue any));
            Assert.Equal(pages, own.Number);
            Assert.Equal("yes", any.Word);
            items += own.Number;
        }

        Assert.True(kernel.TryReadCounter("ksm_rmap_items", out CounterValue all));
        Assert.Equal(items, all.Number);
        Assert.True(kernel.TryReadCounter("pages_scanned", out CounterValue visits));
        Assert.Equal(3 * items, visits.Number);
    }

    [Fact]
    public void Scan_OfNobody_LeavesFullScansAlone()
    {
        using HostKsmUse use = HostKsmUse.Begin();
        using KernelSession session = KernelSession.Begin(unmergeOthers: false, CancellationToken.None);
        using KernelPerformer kernel = new(session);
        kernel.Start(new MachineSettings());
        kernel.Spawn(0, "A", 0);

        kernel.Scan();
        kernel.Batch();

        Assert.True(kernel.TryReadCounter("full_scans", out CounterValue scans));
        Assert.Equal(0, scans.Number);
    }

    [Theory]
    [InlineData(PinKind.Reference)]
    [InlineData(PinKind.Read)]
    [InlineData(PinKind.Write)]
    public void Pin_WhileItLasts_KeepsThePageFromMerging(PinKind kind)
    {
        using HostKsmUse use = HostKsmUse.Begin();
        using KernelSession session = KernelSession.Begin(unmergeOthers: false, CancellationToken.None);
        using KernelPerformer kernel = new(session);
        kernel.Start(new MachineSettings());
        kernel.Spawn(0, "A", 0);
        _ = kernel.Map(0, 2, new MapSettings(), Heap);
        kernel.Advise(0, new PageRun(Heap, 2), MemoryAdvice.Mergeable);
        kernel.Fill(0, new PageRun(Heap, 2), new ContentPattern(IsUnique: false, 7));
        int pin = kernel.Pin(0, Heap, kind);

        kernel.Scan();
        kernel.Scan();
        Assert.True(kernel.TryReadCounter("pages_shared", out CounterValue pinned));
        kernel.Unpin(pin);
        kernel.Scan();
        Assert.True(kernel.TryReadCounter("pages_shared", out CounterValue merged));

        Assert.Equal(0, pinned.Number);
        Assert.Equal(1, merged.Number);
    }
}
