using System;
using FastKsm.Memory;
using FastKsm.Scripting.Running;
using Xunit;

namespace FastKsm.Tests.Scripting;

public sealed class ScriptContentTests
{
    [Theory]
    [InlineData(0UL, 4096)]
    [InlineData(1UL, 4096)]
    [InlineData(999999UL, 16)]
    [InlineData(ulong.MaxValue, 65536)]
    public void Fill_AnyNumber_IsTheEnginesContent(ulong number, int length)
    {
        byte[] expected = new byte[length];
        byte[] actual = new byte[length];
        PageContent.Fill(expected, number);

        ScriptContent.Fill(actual, number);

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Fill_One_IsSplitMix64()
    {
        byte[] content = new byte[16];

        ScriptContent.Fill(content, 1);

        // First outputs for seed 1, as published with the generator's reference code.
        Assert.Equal((0x910A2DEC89025CC1UL, 0xBEEB8DA1658EEC67UL), (BitConverter.ToUInt64(content, 0), BitConverter.ToUInt64(content, 8)));
    }

    [Fact]
    public void Fill_PartsOfAWord_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ScriptContent.Fill(new byte[12], 1));
}
