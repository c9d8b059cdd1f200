using System;
using System.Linq;
using FastKsm.Cli.Output.Text;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

public sealed class TerminalTraitsTests
{
    [Theory]
    [InlineData("TERM=xterm LANG=C.UTF-8", 100, true, true, false)]
    [InlineData("TERM=xterm LANG=en_GB.utf8 NO_COLOR=1", 100, true, false, false)]
    [InlineData("TERM=xterm LANG=en_GB.utf8 NO_COLOR=", 100, true, true, false)]
    [InlineData("TERM=dumb LANG=C.UTF-8", 100, false, false, false)]
    [InlineData("LANG=C.UTF-8", 100, false, false, false)]
    [InlineData("TERM=xterm LANG=C", 100, true, true, true)]
    [InlineData("TERM=xterm", 100, true, true, true)]
    [InlineData("TERM=xterm LANG=de_DE.ISO-8859-1", 100, true, true, true)]
    [InlineData("TERM=xterm LANG=C.UTF-8 LC_ALL=C", 100, true, true, true)]
    [InlineData("TERM=xterm LANG=C LC_CTYPE=C.UTF-8 LC_ALL=", 100, true, true, false)]
    [InlineData("TERM=xterm LANG=C.UTF-8 COLUMNS=50", 100, true, true, false)]
    public void Of_Terminal_FollowsItsEnvironment(string environment, int width, bool isRewritable, bool usesStyles, bool isAscii) =>
        Assert.Equal(
            new TerminalTraits(width, isRewritable, usesStyles, isAscii),
            TerminalTraits.Of(isTerminal: true, terminalWidth: 100, name => Value(environment, name)));

    [Theory]
    [InlineData("TERM=xterm LANG=C.UTF-8", null, false)]
    [InlineData("TERM=xterm LANG=C", null, true)]
    [InlineData("TERM=xterm LANG=C.UTF-8 COLUMNS=70", 70, false)]
    [InlineData("TERM=xterm LANG=C.UTF-8 COLUMNS=wide", null, false)]
    public void Of_PipeOrFile_HasNoStylesAndAnyWidth(string environment, int? width, bool isAscii) =>
        Assert.Equal(
            new TerminalTraits(width, IsRewritable: false, UsesStyles: false, isAscii),
            TerminalTraits.Of(isTerminal: false, terminalWidth: 0, name => Value(environment, name)));

    [Fact]
    public void Of_TerminalThatDoesNotSayItsWidth_IsTheUsualOne() =>
        Assert.Equal(TerminalTraits.UsualWidth, TerminalTraits.Of(isTerminal: true, terminalWidth: 0, _ => null).Width);

    private static string? Value(string environment, string name) => environment.Split(' ')
        .Where(variable => variable.StartsWith(name + "=", StringComparison.Ordinal))
        .Select(variable => variable[(name.Length + 1)..])
        .FirstOrDefault();
}
