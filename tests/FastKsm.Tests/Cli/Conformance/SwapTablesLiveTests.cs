using System;
using System.Buffers.Binary;
using System.Linq;
using FastKsm.Swapping;
using Xunit;
using static FastKsm.Tests.Cli.Conformance.SwapTablesComparison;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary>Rows of swap.md 9.1 and 9.2 on the running kernel, by the offsets that pagemap shows, against the engine's tables
/// with Linux 6.18's layout and era. Numbers are those of the rows.</summary>
[Collection("host's KSM")]
public sealed class SwapTablesLiveTests
{
    private const int Page = 4096;
    private const int InvalidArgument = 22;
    private const int Busy = 16;

    [Fact]
    public void FreshDisk_FirstSlots_S14()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(4096);
        ulong memory = both.Map(8);

        both.PageOut(memory, 8);

        Assert.Equal(new SwapEntry(0, 1), both.SlotAt(memory));
        both.CompareAreas();
    }

    [Fact]
    public void HugePage_TakesAFreeCluster_S15()
    {
        using SwapTablesComparison both = BeginWithHugePages();
        both.Add(4096);
        ulong memory = both.Map(512, isHuge: true);

        both.PageOut(memory, 512, order: 9);

        Assert.Equal(new SwapEntry(0, 512), both.SlotAt(memory));
        both.CompareAreas();
    }

    [Fact]
    public void TwoCpus_EachHasAClusterOfItsOwn_S17()
    {
        Assert.SkipWhen(Environment.ProcessorCount < 2, "the host does not permit this workload: it has one CPU");
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(4096);
        ulong memory = both.Map(600 * 2);
        for (int i = 0; i < 1200; i++)
        {
            both.PageOut(memory + ((ulong)i * Page), 1, cpu: i % 2);
        }

        both.CompareAreas();
    }

    [Fact]
    public void DiskThatTurns_IsSequential_S18()
    {
        Assert.SkipUnless(IsRotational("/var/tmp"), "the host does not permit this workload: /var/tmp is on no disk that turns");
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(4096, kind: SwapAreaKind.File);
        ulong memory = both.Map(64);
        for (int i = 0; i < 64; i++)
        {
            both.PageOut(memory + ((ulong)i * Page), 1, cpu: i % int.Min(2, Environment.ProcessorCount));
        }

        Assert.Equal(new SwapEntry(0, 64), both.SlotAt(memory + (63 * Page)));
        both.CompareAreas();
    }

    [Fact]
    public void EqualPriority_DisksTakeTurnsByCluster_S19()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(4096, priority: 5);
        both.Add(4096, priority: 5);
        ulong memory = both.Map(3000);

        both.PageOut(memory, 3000);

        Assert.Equal(1, both.SlotAt(memory + (511 * Page)).Device);
        both.CompareAreas();
    }

    [Fact]
    public void DefaultPriorities_DoNotRotate_S19()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(2048);
        both.Add(2048);
        ulong memory = both.Map(700);

        both.PageOut(memory, 700);

        Assert.Equal(0, both.SlotAt(memory + (699 * Page)).Device);
        both.CompareAreas();
    }

    [Fact]
    public void UnlikePriorities_TheHigherOneIsFilledFirst_S20()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(4096, priority: 5);
        both.Add(1024, priority: 10);
        ulong memory = both.Map(2500);

        both.PageOut(memory, 2500);

        Assert.Equal(new SwapEntry(0, 1), both.SlotAt(memory + (1023 * Page)));
        both.CompareAreas();
    }

    [Fact]
    public void DiskOfHigherPriorityAddedLater_WaitsForTheCachedCluster()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(4096, priority: 5);
        ulong memory = both.Map(800);
        both.PageOut(memory, 272);
        both.Add(4096, priority: 10);

        both.PageOut(memory + (272 * Page), 500);

        Assert.Equal(new SwapEntry(0, 273), both.SlotAt(memory + (272 * Page)));
        Assert.Equal(new SwapEntry(1, 1), both.SlotAt(memory + (511 * Page)));
        both.CompareAreas();
    }

    [Fact]
    public void DiskFull_TheOthersStay_S21()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(512);
        ulong memory = both.Map(600);

        both.PageOut(memory, 600);

        Assert.Equal(SwapEntry.None, both.SlotAt(memory + (511 * Page)));
        both.CompareAreas();
    }

    [Fact]
    public void HolesBesideFreeClusters_AreRefilledInOrder_S22()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(8192);
        ulong memory = both.Map(2047 + 14);
        both.PageOut(memory, 2047);
        for (ulong i = 0; i < 2047; i += 2)
        {
            both.Forget(memory + (i * Page));
        }

        both.PageOut(memory + (2047 * Page), 14);

        Assert.Equal(
            Enumerable.Range(0, 14).Select(i => 1u + (2u * (uint)i)),
            Enumerable.Range(2047, 14).Select(i => both.SlotAt(memory + ((ulong)i * Page)).Offset));
        both.CompareAreas();
    }

    [Fact]
    public void AClusterThatWasFreed_ComesBehindNeverUsedOnes_S23()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(4096);
        ulong memory = both.Map(2047 + 1600);
        both.PageOut(memory, 2047);
        both.Forget(memory + (511 * Page), 512);

        both.PageOut(memory + (2047 * Page), 1600);

        Assert.Equal(2048u, both.SlotAt(memory + (2047 * Page)).Offset);
        both.CompareAreas();
    }

    [Fact]
    public void NothingElseLeft_StealsFromHugePages_S24()
    {
        using SwapTablesComparison both = BeginWithHugePages();
        both.Add(2048);
        ulong huge = both.Map(3 * 512, isHuge: true);
        for (ulong i = 0; i < 3; i++)
        {
            both.PageOut(huge + (i * 512 * Page), 512, order: 9);
        }

        both.Forget(huge + ((512 + 100) * Page), 200);
        ulong memory = both.Map(800);

        both.PageOut(memory, 800);

        Assert.Equal(1124u, both.SlotAt(memory + (511 * Page)).Offset);
        both.CompareAreas();
    }

    [Fact]
    public void BadPages_AreLeftOut_S5()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        both.Add(2048, null, SwapAreaKind.Disk, 5, 6, 700);
        ulong memory = both.Map(30);

        both.PageOut(memory, 30);

        Assert.Equal(7u, both.SlotAt(memory + (4 * Page)).Offset);
        both.CompareAreas();
    }

    [Fact]
    public void Headers_AreTakenOrRefusedAlike_S6ToS13()
    {
        using SwapTablesComparison both = SwapTablesComparison.Begin();
        Assert.Equal(0, both.TryAdd(2048, Header(2047, [.. Enumerable.Range(2, 637).Select(i => (uint)i)])));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(2047, [.. Enumerable.Range(2, 637).Select(i => (uint)i)], listed: 638)));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(2047, [0])));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(2047, [2048])));
        Assert.Equal(0, both.TryAdd(2048, Header(2047, [7, 7])));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(2047, [], version: 2)));
        byte[] foreign = Header(2047, []);
        foreign[4090] ^= 1;
        Assert.Equal(InvalidArgument, both.TryAdd(2048, foreign));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(2048, [])));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(0, [])));
        Assert.Equal(0, both.TryAdd(2048, Header(100, [])));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(2047, [5]), kind: SwapAreaKind.File));
        Assert.Equal(InvalidArgument, both.TryAdd(2048, Header(2047, []), kind: SwapAreaKind.FileWithHoles));
        Assert.Equal(0, both.TryAdd(1000, Header(999, [])));
        Assert.Equal(Busy, both.AddAgain(0));
        both.CompareAreas();
    }

    private static SwapTablesComparison BeginWithHugePages()
    {
        SwapTablesComparison both = SwapTablesComparison.Begin();
        if (!both.HasHugePages)
        {
            both.Dispose();
            Assert.Skip("the host does not permit this workload: no huge pages where advised");
        }

        return both;
    }

    private static byte[] Header(uint lastPage, uint[] badPages, uint version = 1, uint? listed = null)
    {
        byte[] page = new byte[Page];
        SwapHeader.Write(page, lastPage, badPages);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(1024), version);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(1032), listed ?? (uint)badPages.Length);
        return page;
    }
}
