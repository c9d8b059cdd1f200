using System;
using FastKsm.Cli.Evaluation;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class OrderKeyTests
{
    [Fact]
    public void Of_RandomPages_KeepsTheirOrder()
    {
        Random random = new(1);
        byte[] one = new byte[4096];
        byte[] other = new byte[4096];
        for (int round = 0; round < 2000; round++)
        {
            Make(random, one);
            Make(random, other);
            ulong first = OrderKey.Of(one);
            ulong second = OrderKey.Of(other);

            Assert.True(
                first == second || first < second == one.AsSpan().SequenceCompareTo(other) < 0,
                $"round {round}: {first:x} and {second:x} are not in the order of the pages.");
        }
    }

    [Fact]
    public void Of_Zeroes_IsTheLowest()
    {
        byte[] page = new byte[4096];
        Assert.Equal(0UL, OrderKey.Of(page));
        page[^1] = 255;
        Assert.NotEqual(0UL, OrderKey.Of(page));
    }

    // Mostly zeroes at the front, so that keys of both kinds and of near positions meet.
    private static void Make(Random random, byte[] page)
    {
        Array.Clear(page);
        int zeroes = random.Next(3) == 0 ? random.Next(24) : random.Next(4096);
        random.NextBytes(page.AsSpan(zeroes, Math.Min(16, 4096 - zeroes)));
    }
}
