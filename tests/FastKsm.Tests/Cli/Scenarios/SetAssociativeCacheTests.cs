using System.Linq;
using FastKsm.Cli.Scenarios.ZeroColours;
using Xunit;

namespace FastKsm.Tests.Cli.Scenarios;

/// <summary>The cache model, on sequences worked out by hand. Pages have 4096 bytes.</summary>
public sealed class SetAssociativeCacheTests
{
    private const int PageBytes = 4096;

    [Fact]
    public void Read_TwoWays_ReplacesTheLineUsedLongestAgo()
    {
        // 2 sets of 2 lines of 64 bytes: lines 0, 2, 4, 6 … share set 0.
        SetAssociativeCache cache = new(Level(256, 2, 64), PageBytes);

        Assert.Equal("m m h m h m m h", Reads(cache, 0, 128, 0, 256, 0, 128, 256, 128));

        // Line 1 lies in the other set and has disturbed nothing.
        Assert.Equal("m h", Reads(cache, 64, 256));
    }

    [Fact]
    public void Read_DirectMapped_LinesAWayApartReplaceEachOther()
    {
        SetAssociativeCache cache = new(Level(4096, 1, 64), PageBytes);

        Assert.Equal("m m m h m", Reads(cache, 0, 4096, 0, 63, 4096 + 63));
    }

    [Fact]
    public void Read_PhysicallyIndexed_VirtualAddressMeansNothing()
    {
        SetAssociativeCache cache = new(Level(32768, 2, 64), PageBytes);

        Assert.False(cache.Read(0x10000, 0x5000));
        Assert.True(cache.Read(0x21000, 0x5000));
    }

    [Fact]
    public void Read_VirtuallyIndexed_AnotherColourOfTheSameLineMissesAndMovesIt()
    {
        // 16 KiB a way: addresses that differ in bits 12 and 13 lie in different sets.
        SetAssociativeCache cache = new(Level(32768, 2, 64, isVirtuallyIndexed: true), PageBytes);

        Assert.False(cache.Read(0x10000, 0x5000));
        Assert.True(cache.Read(0x14000, 0x5000)); // Bit 14 chooses no set.
        Assert.False(cache.Read(0x11000, 0x5000)); // Another set: the copy moves there
        Assert.False(cache.Read(0x10000, 0x5000)); // and is not where it was.
        Assert.False(cache.Read(0x13000, 0x5000));
        Assert.False(cache.Read(0x12000, 0x5000));
        Assert.True(cache.Read(0x12000, 0x5000));
    }

    [Fact]
    public void Read_VirtuallyIndexed_OneFrameForEachColourStays()
    {
        SetAssociativeCache cache = new(Level(32768, 2, 64, isVirtuallyIndexed: true), PageBytes);
        ulong[] pages = [0, 1, 2, 3, 4, 5, 6, 7];

        bool[] first = [.. pages.Select(page => cache.Read(page * PageBytes, page % 4 * PageBytes))];
        bool[] second = [.. pages.Select(page => cache.Read(page * PageBytes, page % 4 * PageBytes))];

        Assert.Equal([false, false, false, false, true, true, true, true], first);
        Assert.All(second, Assert.True);
    }

    [Fact]
    public void Read_SynonymDropped_LeavesTheRestOfItsSetInOrder()
    {
        // 2 ways of 8 KiB: colours 0 and 1. Set 0 of colour 0 holds A and B, B used last.
        SetAssociativeCache cache = new(Level(16384, 2, 64, isVirtuallyIndexed: true), PageBytes);
        _ = cache.Read(0x0000, 0x5000); // A
        _ = cache.Read(0x2000, 0x6000); // B
        _ = cache.Read(0x1000, 0x6000); // B moves to colour 1.

        Assert.True(cache.Read(0x0000, 0x5000)); // A is still there,
        Assert.False(cache.Read(0x4000, 0x7000)); // and C takes the way that B has left.
        Assert.True(cache.Read(0x0000, 0x5000));
        Assert.True(cache.Read(0x4000, 0x7000));
    }

    [Fact]
    public void Hierarchy_CountsWhereEachReadWasAnswered()
    {
        CacheModel cpu = new("toy", "two levels", [Level(128, 1, 64, cycles: 2), Level(512, 2, 64, cycles: 10)], 100, 1);
        CacheHierarchy caches = new(cpu, PageBytes);

        // Lines 0 and 2 share the only line of set 0 in the first level, and fit the second.
        foreach (ulong address in new ulong[] { 0, 8, 128, 0, 128, 64 })
        {
            caches.Read(address, address);
        }

        Assert.Equal([1, 2, 3], caches.Hits);
        Assert.Equal(2 + (2 * 10) + (3 * 100), caches.Cycles);
        caches.ForgetCounts();
        caches.Read(64, 64);
        Assert.Equal([1, 0, 0], caches.Hits);
    }

    [Theory]
    [InlineData(128 * 1024, 8, 256, 4)]
    [InlineData(32 * 1024, 8, 64, 1)]
    [InlineData(1024 * 1024, 8, 64, 32)]
    public void Colours_OfALevel_ArePagesOfAWay(long bytes, int ways, int line, long colours)
    {
        Assert.Null(Level(bytes, ways, line).Fault);
        Assert.Equal(colours, Level(bytes, ways, line).Colours(PageBytes));
    }

    [Theory]
    [InlineData(3 * 1024, 1, 64)]
    [InlineData(1024, 3, 64)]
    [InlineData(1024, 1, 48)]
    [InlineData(1024, 0, 64)]
    public void Level_OfNoPowerOfTwoOfSets_HasAFault(long bytes, int ways, int line) => Assert.NotNull(Level(bytes, ways, line).Fault);

    private static CacheLevel Level(long bytes, int ways, int line, bool isVirtuallyIndexed = false, int cycles = 1) =>
        new("level", bytes, ways, line, cycles, isVirtuallyIndexed);

    // Virtual addresses that equal physical ones.
    private static string Reads(SetAssociativeCache cache, params ulong[] addresses) =>
        string.Join(' ', addresses.Select(address => cache.Read(address, address) ? 'h' : 'm'));
}
