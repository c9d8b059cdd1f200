using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.LiveProcesses;

public sealed class ProcessStatTests
{
    [Fact]
    public void TryParse_NameWithBracketsAndBlanks_TakesTheLastBracket()
    {
        const string Text = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 98765 1000 10 0";

        Assert.True(ProcessStat.TryParse(Text, out ProcessStat stat));

        Assert.Equal(new ProcessStat("a) b (c", 'S', IsKernelThread: false, 98765), stat);
    }

    [Fact]
    public void TryParse_KernelThread_IsTold()
    {
        Assert.True(ProcessStat.TryParse("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0", out ProcessStat stat));

        Assert.True(stat.IsKernelThread);
    }

    [Theory]
    [InlineData("")]
    [InlineData("42 (cut off")]
    [InlineData("42 (short) S 1 2 3")]
    [InlineData("42 (words) S a b c d e f g h i j k l m n o p q r s t")]
    public void TryParse_Malformed_IsRefused(string text) => Assert.False(ProcessStat.TryParse(text, out _));
}
