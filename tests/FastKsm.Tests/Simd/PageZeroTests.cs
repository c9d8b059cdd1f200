using System;
using System.Runtime.InteropServices;
using FastKsm.Simd;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Simd;

[Trait("Category", "Simd")]
public sealed class PageZeroTests
{
    public static TheoryData<int> ContentSizes => [16, 32, 64, 128, 256, 272, 496, 1024, 4096];

    [Theory]
    [MemberData(nameof(ContentSizes))]
    public void IsZero_OneBitSet_EveryLaneSeesIt(int length)
    {
        using GuardedPage page = new(length);
        for (int index = 0; index < length; index++)
        {
            page.Bytes[index] = (byte)(1 << (index % 8));
            AssertEveryLane(expected: false, page.Bytes);
            page.Bytes[index] = 0;
        }
    }

    [Theory]
    [MemberData(nameof(ContentSizes))]
    public void IsZero_ZeroesBetweenGuardPages_EveryLaneReadsTheContentAndNothingElse(int length)
    {
        using GuardedPage page = new(length);

        AssertEveryLane(expected: true, page.Bytes);
        AssertEveryLane(expected: true, page.BytesAfterGuard);
    }

    [Fact]
    public void IsZero_EveryAlignmentAmongSetBytes_EveryLaneSeesZeroesOnly()
    {
        const int Length = 4096;
        for (int alignment = 0; alignment < 64; alignment++)
        {
            byte[] bytes = new byte[Length + 64];
            bytes.AsSpan(0, alignment).Fill(byte.MaxValue);
            bytes.AsSpan(alignment + Length).Fill(byte.MaxValue);
            AssertEveryLane(expected: true, bytes.AsSpan(alignment, Length));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(4090)]
    public void IsZero_BadSize_NamesTheArgument(int length) =>
        Assert.Equal("content", Assert.Throws<ArgumentException>(() => PageZero.IsZero(new byte[length])).ParamName);

    private static void AssertEveryLane(bool expected, ReadOnlySpan<byte> content)
    {
        Assert.Equal(expected, IsZeroWith<ScalarLane>(content));
        Assert.Equal(expected, IsZeroWith<Lane128>(content));
        Assert.Equal(expected, IsZeroWith<Lane256>(content));
        Assert.Equal(expected, PageZero.IsZero(content));
    }

    private static bool IsZeroWith<TLane>(ReadOnlySpan<byte> content)
        where TLane : struct, IPageLane =>
        PageZero.IsZeroWith<TLane>(in MemoryMarshal.GetReference(content), (nuint)content.Length);
}
