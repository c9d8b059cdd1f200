using System;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.Cli.Evaluation.Nearly;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Nearly;

public sealed class PointerRegionsTests
{
    // The same process twice, with the program, the heap, the mappings and the stack at other places.
    [Fact]
    public void Mask_SamePlacesAtOtherAddresses_GivesTheSameBytes()
    {
        PointerRegions first = Layout(program: 0x5500_0000_0000, heap: 0x5600_0000_0000, mappings: 0x7f00_0000_0000, heapPages: 10);
        PointerRegions second = Layout(program: 0x55f0_0000_0000, heap: 0x56f0_0003_0000, mappings: 0x7ff0_0000_0000, heapPages: 30);

        ulong[] one = Masked(first, 0x5500_0000_0010, 0x5600_0000_2008, 0x7f00_0000_0ff8, 0x7f00_0000_2100, 42, 0);
        ulong[] two = Masked(second, 0x55f0_0000_0010, 0x56f0_0003_2008, 0x7ff0_0000_0ff8, 0x7ff0_0000_2100, 42, 0);

        Assert.Equal(one, two);
        Assert.Equal((42ul, 0ul), (one[4], one[5]));
        Assert.Equal(4, one.Take(4).Distinct().Count());
    }

    // A mapping that grew downwards keeps its end.
    [Fact]
    public void Mask_MappingsThatGrew_KeepTheirDistances()
    {
        PointerRegions small = new([Mapped(0x7f00_0001_0000, 0x7f00_0002_0000)]);
        PointerRegions large = new([Mapped(0x7f10_0000_0000, 0x7f10_0002_0000)]);

        Assert.Equal(Masked(small, 0x7f00_0001_8000), Masked(large, 0x7f10_0001_8000));
    }

    [Fact]
    public void Mask_WordsThatPointNowhere_Stay()
    {
        PointerRegions regions = Layout(0x5500_0000_0000, 0x5600_0000_0000, 0x7f00_0000_0000, 10);
        ulong[] words = [0x54ff_ffff_ffff, 0x5500_0000_1000, 0x5599_0000_0000, ulong.MaxValue, 0xffff_ffff_8100_0000, 1];

        Assert.Equal(words, Masked(regions, words));
    }

    [Fact]
    public void Mask_OneFileOrAnother_IsTold()
    {
        PointerRegions one = new([Mapped(0x7f00_0000_0000, 0x7f00_0001_0000, "/lib/one.so")]);
        PointerRegions other = new([Mapped(0x7f00_0000_0000, 0x7f00_0001_0000, "/lib/other.so")]);

        Assert.NotEqual(Masked(one, 0x7f00_0000_0000), Masked(other, 0x7f00_0000_0000));
    }

    [Fact]
    public void IsTelling_RestsOfPointersAndCounts_TellNothing()
    {
        PointerRegions regions = new([Mapped(0x7f12_0000_0000, 0x7f12_0001_0000)]);

        Assert.False(regions.IsTelling(0x7f12_0000_0010));
        Assert.False(regions.IsTelling(0x7f12_ff00_0001));
        Assert.False(regions.IsTelling(0xffff_ffff));
        Assert.True(regions.IsTelling(0x7f13_0000_0001));
        Assert.True(regions.IsTelling(BitConverter.ToUInt64("redis://"u8)));
    }

    private static PointerRegions Layout(ulong program, ulong heap, ulong mappings, ulong heapPages) => new(
    [
        Mapped(program, program + 0x1000, "/bin/program"),
        Mapped(heap, heap + (heapPages * 0x1000), "[heap]"),
        Mapped(mappings, mappings + 0x1000),
        Mapped(mappings + 0x2000, mappings + 0x3000, "/lib/one.so"),
        Mapped(0x7fff_ffff_0000, 0x7fff_ffff_2000, "[stack]"),
        Mapped(0xffff_ffff_ff60_0000, 0xffff_ffff_ff60_1000, "[vsyscall]"),
    ]);

    private static Vma Mapped(ulong start, ulong end, string name = "") => new(start, end, VmaFlags.Readable, 0, 0, name);

    private static ulong[] Masked(PointerRegions regions, params ulong[] words)
    {
        ulong[] masked = new ulong[words.Length];
        _ = regions.Mask(MemoryMarshal.AsBytes(words.AsSpan()), MemoryMarshal.AsBytes(masked.AsSpan()));
        return masked;
    }
}
