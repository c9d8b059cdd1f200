using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary>From the kernel's events <c>tlb:tlb_flush</c> to flush operations.</summary>
public sealed class FlushDecoderTests
{
    // As Linux 6.18 describes it, without the fields.
    private const string Description = "name: tlb_flush\n\nprint fmt: \"pages:%ld reason:%s (%d)\", REC->pages, "
        + "__print_symbolic(REC->reason, { 0, \"flush on task switch\" }, { 1, \"remote shootdown\" }, "
        + "{ 2, \"local shootdown\" }, { 3, \"local MM shootdown\" }, { 4, \"remote IPI send\" }, "
        + "{ 5, \"remote wrong CPU\" }), REC->reason\n";

    [Theory]
    [InlineData("", "none")]
    [InlineData("own 8", "local:r(8)")]
    [InlineData("own -1", "local:F")]
    [InlineData("sent 1", "r(1)")] // ksmd runs no address space of its own.
    [InlineData("sent 8, own 8", "r(8)")]
    [InlineData("sent -1, own -1", "F")]
    [InlineData("sent 16896, own 33", "r(33)")] // Huge pages: 4 KiB pages are sent, strides are invalidated.
    [InlineData("sent 1, own 0", "r(0)")] // Shorter than a stride.
    [InlineData("sent 8, own -1", "r(8)")] // The own CPU was behind.
    [InlineData("sent 1, sent 1, own 1", "2*r(1)")]
    [InlineData("sent -1, own 1", "F local:r(1)")] // Of several address spaces at once, and then another one.
    [InlineData("sent 1, own 8", "r(1) local:r(8)")]
    [InlineData("sent -1, own -1, sent 8705, own 17", "F r(17)")]
    [InlineData("sent 8, own 8, own 8", "r(8) local:r(8)")]
    public void Decode_Events_AreOperations(string events, string expected)
    {
        IEnumerable<string[]> words =
            events.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split(' '));

        IReadOnlyList<FlushOperation> operations = FlushDecoder.Decode(words.Select(word => new FlushEvent(
            word[0] is "sent" ? FlushPart.Sent : FlushPart.OwnCpu, long.Parse(word[1], CultureInfo.InvariantCulture))));

        Assert.Equal(expected, ScriptPrinter.Of(FlushRun.Of(operations)));
    }

    [Theory]
    [InlineData("     <...>-46   [000] ...1.   421.050798: tlb_flush: pages:8 reason:remote IPI send (4)", 8L, true)]
    [InlineData("  kernel-agent-7   [001] d..2.   1.05: tlb_flush: pages:-1 reason:local MM shootdown (3)", -1L, false)]
    [InlineData("    kernel-agent-7   [001] d..2.   421.05: tlb_flush: pages:0 reason:local shootdown (2)", 0L, false)]
    public void TryParse_EventOfAnOperation_IsRead(string line, long pages, bool isSent)
    {
        FlushEvent? seen = FlushEventFormat.TryRead(Description)!.TryParse(line);

        Assert.Equal(new FlushEvent(isSent ? FlushPart.Sent : FlushPart.OwnCpu, pages), seen);
    }

    [Theory]
    [InlineData("    a-7   [001] d..2.   421.05: tlb_flush: pages:-1 reason:flush on task switch (0)")]
    [InlineData("    a-7   [001] d..2.   421.05: tlb_flush: pages:4 reason:remote shootdown (1)")]
    [InlineData("    a-7   [001] d..2.   421.05: tlb_flush: pages:0 reason:remote wrong CPU (5)")]
    [InlineData("CPU:0 [LOST 12 EVENTS]")]
    [InlineData("")]
    public void TryParse_AnythingElse_IsNothing(string line) =>
        Assert.Null(FlushEventFormat.TryRead(Description)!.TryParse(line));

    [Theory]
    [InlineData("pages:%ld", "pages=%ld")]
    [InlineData("remote IPI send", "remote send")]
    [InlineData("print fmt", "print")]
    public void TryRead_OtherPrintFormat_IsRefused(string known, string other) =>
        Assert.Null(FlushEventFormat.TryRead(Description.Replace(known, other, StringComparison.Ordinal)));

    [Fact]
    public void FilterOf_AThread_NamesItAndTheReasons() => Assert.Equal(
        "common_pid == 42 && (reason == 2 || reason == 3 || reason == 4)",
        FlushEventFormat.TryRead(Description)!.FilterOf(42));
}
