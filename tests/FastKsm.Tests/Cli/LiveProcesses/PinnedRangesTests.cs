using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.LiveProcesses;

public sealed class PinnedRangesTests
{
    private const string Text = """
        pos:	0
        UserFiles:	1
            0: /tmp/0x10000000/4096
        UserBufs:	3
            0: 0x7f2475d6e000/819200
            1: 0x7f2475f00010/10
            2: 0x7f2475d70000/4096
        PollList:
            5: 0x9000/4096

        """;

    [Fact]
    public void Parse_Buffers_UnitesThemInWholePages()
    {
        PinnedRanges ranges = PinnedRanges.Parse(Text);

        Assert.Equal(819200u + 4096u, ranges.ByteLength);
        Assert.True(Has(ranges, 0x7f2475d6e000));
        Assert.True(Has(ranges, 0x7f2475d6e000 + 819200 - 4096));
        Assert.False(Has(ranges, 0x7f2475d6e000 + 819200));
        Assert.True(Has(ranges, 0x7f2475f00000));
        Assert.False(Has(ranges, 0x9000));
        Assert.False(Has(ranges, 0x10000000));
    }

    [Theory]
    [InlineData("")]
    [InlineData("UserBufs:\t1\n    0: <none>\n")]
    [InlineData("UserBufs:\t1\n    0: 0x/4096\n    1: 0x1000/\n    2: 0x1000/0\n")]
    public void Parse_NothingToTake_IsEmpty(string text) => Assert.True(PinnedRanges.Parse(text).IsEmpty);

    private static bool Has(PinnedRanges ranges, ulong address) => ranges.Overlaps(address, address + 1);
}
