using System;
using System.Runtime.InteropServices;
using FastKsm.Simd;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Simd;

[Trait("Category", "Simd")]
public sealed class PageCompareTests
{
    public static TheoryData<int> ContentSizes => [16, 32, 64, 128, 256, 272, 1024, 4096];

    [Theory]
    [MemberData(nameof(ContentSizes))]
    public void Compare_OneByteDiffers_EveryLaneAgreesWithTheFramework(int length)
    {
        using GuardedPage left = new(length);
        using GuardedPage right = new(length);
        new Random(length).NextBytes(left.Bytes);
        left.Bytes.CopyTo(right.Bytes);

        for (int index = 0; index < length; index++)
        {
            right.Bytes[index] ^= 0x80; // The top bit: signed and unsigned orderings disagree.
            AssertEveryLane(Math.Sign(left.Bytes.SequenceCompareTo(right.Bytes)), left, right);
            right.Bytes[index] ^= 0x80;
        }
    }

    [Theory]
    [MemberData(nameof(ContentSizes))]
    public void Compare_EqualContents_EveryLaneReadsToTheEndAndNoFurther(int length)
    {
        // A kernel that reads one byte too far dies at the guard page here, not in production.
        using GuardedPage left = new(length);
        using GuardedPage right = new(length);

        AssertEveryLane(0, left, right);
    }

    [Theory]
    [InlineData(0, 0, "left")]
    [InlineData(24, 24, "left")]
    [InlineData(16, 32, "right")]
    public void Compare_BadSizes_NamesTheArgument(int leftLength, int rightLength, string parameter)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => PageCompare.Compare(new byte[leftLength], new byte[rightLength]));

        Assert.Equal(parameter, error.ParamName);
    }

    private static void AssertEveryLane(int expected, GuardedPage left, GuardedPage right)
    {
        Assert.Equal(expected, Math.Sign(CompareWith<ScalarLane>(left, right)));
        Assert.Equal(expected, Math.Sign(CompareWith<Lane128>(left, right)));
        Assert.Equal(expected, Math.Sign(CompareWith<Lane256>(left, right)));
        Assert.Equal(expected, Math.Sign(CompareWith<Lane512>(left, right)));
        Assert.Equal(expected, Math.Sign(PageCompare.Compare(left.Bytes, right.Bytes)));
        Assert.Equal(-expected, Math.Sign(PageCompare.Compare(right.Bytes, left.Bytes)));
    }

    private static int CompareWith<TLane>(GuardedPage left, GuardedPage right)
        where TLane : struct, IPageLane =>
        PageCompare.CompareWith<TLane>(
            in MemoryMarshal.GetReference(left.Bytes),
            in MemoryMarshal.GetReference(right.Bytes),
            (nuint)left.Bytes.Length);
}
