using System;
using System.Runtime.InteropServices;
using FastKsm.Simd;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Simd;

[Trait("Category", "Simd")]
public sealed class PageCompareTests
{
    private const int Alignments = 64;

    public static TheoryData<int> ContentSizes => [16, 32, 64, 128, 256, 272, 496, 1024, 4096];

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
            AssertEveryLane(Math.Sign(left.Bytes.SequenceCompareTo(right.Bytes)), left.Bytes, right.Bytes);
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

        AssertEveryLane(0, left.Bytes, right.Bytes);
        AssertEveryLane(0, left.BytesAfterGuard, right.BytesAfterGuard);
    }

    [Fact]
    public void Compare_EveryPairOfAlignments_EveryLaneAgreesWithTheFramework()
    {
        const int Length = 1040;
        byte[] left = new byte[Length + Alignments];
        byte[] right = new byte[Length + Alignments];
        new Random(Length).NextBytes(left);

        for (int alignment = 0; alignment < Alignments * Alignments; alignment++)
        {
            Span<byte> leftContent = left.AsSpan(alignment / Alignments, Length);
            Span<byte> rightContent = right.AsSpan(alignment % Alignments, Length);
            leftContent.CopyTo(rightContent);
            rightContent[alignment % Length]++;
            AssertEveryLane(Math.Sign(leftContent.SequenceCompareTo(rightContent)), leftContent, rightContent);
        }
    }

    [Fact]
    public void Compare_SeveralBytesDiffer_TheFirstDecides()
    {
        byte[] left = new byte[4096];
        byte[] right = new byte[4096];
        left[1000] = 1;
        right[1001] = 255;
        right[4095] = 255;

        AssertEveryLane(1, left, right);
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

    private static void AssertEveryLane(int expected, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Assert.Equal(expected, Math.Sign(CompareWith<ScalarLane>(left, right)));
        Assert.Equal(expected, Math.Sign(CompareWith<Lane128>(left, right)));
        Assert.Equal(expected, Math.Sign(CompareWith<Lane256>(left, right)));
        Assert.Equal(expected, Math.Sign(PageCompare.Compare(left, right)));
        Assert.Equal(-expected, Math.Sign(PageCompare.Compare(right, left)));
    }

    private static int CompareWith<TLane>(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        where TLane : struct, IPageLane =>
        PageCompare.CompareWith<TLane>(
            in MemoryMarshal.GetReference(left), in MemoryMarshal.GetReference(right), (nuint)left.Length);
}
