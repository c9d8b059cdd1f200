using System;
using FastKsm.Scripting;
using FastKsm.Scripting.Running;
using Xunit;

namespace FastKsm.Tests.Scripting;

public sealed class ScriptRunnerTests
{
    [Theory]
    [InlineData("spawn A\nspawn A", "there is already a process 'A'", 2, 7)]
    [InlineData("fork A B", "there is no process 'A'", 1, 6)]
    [InlineData("spawn Able\nexec Abel", "did you mean 'Able'", 2, 6)]
    [InlineData("spawn A\nexit A\nread A heap", "process 'A' has exited", 3, 6)]
    [InlineData("spawn A\nread A heap", "the process has no region 'heap'", 2, 8)]
    [InlineData("spawn A\nmap A heap 4\nread A heep", "did you mean 'heap'", 3, 8)]
    [InlineData("spawn A\nmap A heap 4\nread A heap[2..4]", "page 4 is behind the end of 'heap', which has 4 pages", 3, 8)]
    [InlineData("spawn A\nmap A heap 4\nmap A heap 4", "already has a region 'heap'", 3, 7)]
    [InlineData("spawn A\nmap A heap 4\npoke A heap[0]+4096 1", "a page has 4096 bytes", 3, 8)]
    [InlineData("spawn A\nmap A heap 4\nremap A heap[1] move", "need a name: as=REGION", 3, 9)]
    [InlineData("spawn A\nmap A heap 4\nunpin A heap[1]", "not all of A heap[1] is pinned", 3, 9)]
    [InlineData("spawn A\nmap A heap 4\nfill A heap unique 0xfffffffffffffffe", "reach beyond the largest number", 3, 8)]
    [InlineData("spawn A\nmap A heap 4\nexpect-same-frame @x A heap[0]", "no frame is remembered as 'x'", 3, 20)]
    [InlineData("spawn A\nexpect A.map_cuont=1", "did you mean 'map_count'?", 2, 8)]
    [InlineData("expect pages_shraed=1", "'pages_shared'", 1, 8)]
    [InlineData("machine cpus=2\nspawn A cpu=2", "the machine has CPUs 0 to 1, not 2", 2, 1)]
    [InlineData("spawn A\nmap A heap 1 node=1", "the machine has nodes 0 to 0, not 1", 2, 1)]
    [InlineData("machine page_size=5000", "4096, 16384, 65536 or 2097152", 1, 1)]
    [InlineData("machine content=fingerprint\nspawn A\nmap A h 1\npoke A h[0]+1 1", "fingerprints", 4, 1)]
    public void Run_NameOrValueThatIsNotThere_IsABadScript(
        string text, string detail, int line, int column)
    {
        using Performance performance = Performance.Of(text);

        Assert.NotNull(performance.End);
        Assert.Contains(detail, performance.End.Detail, StringComparison.Ordinal);
        Assert.Equal(ScriptOutcome.BadScript, performance.End.Outcome);
        Assert.Equal(new SourcePosition(line, column), performance.End.Position);
    }

    [Theory]
    [InlineData("swapon s 100", "swapon")]
    [InlineData("expect pswpin=0", "counter pswpin")]
    [InlineData("expect-error EINVAL offline node=0", "offline")]
    public void Run_WhatTheEngineLacks_IsNeverPassedSilently(string text, string what)
    {
        using Performance performance = Performance.Of(text);

        Assert.NotNull(performance.End);
        Assert.Equal((ScriptOutcome.NotImplemented, $"not implemented yet: {what}"), (performance.End.Outcome, performance.End.Detail));
        Assert.Equal(text.Split('\n').Length, performance.End.Position.Line);
    }

    [Theory]
    [InlineData("expect cow_ksm=1", "expected cow_ksm=1, is 0", 8)]
    [InlineData("expect cow_ksm=0 nr_free_pages>65536", "expected nr_free_pages>65536, is 65532", 18)]
    [InlineData("expect A.ksm_merge_any=yes", "expected A.ksm_merge_any=yes, is no", 8)]
    [InlineData("expect-bytes A heap[0..1] 7", "expected A heap[1] to hold content 7; byte 0 is 0x", 16)]
    [InlineData("expect-bytes A heap[0]+0 0", "expected byte 0 of A heap[0]+0 to be 0x00, is 0x", 16)]
    [InlineData("expect-mapcount A heap 2", "A heap[0]: expected map count 2, is 1", 19)]
    [InlineData("expect-zero-frame A heap", "A heap[0]: expected zero, is !zero", 21)]
    [InlineData("expect-page A heap !present zero", "A heap[0]: expected !present zero, is present !zero", 15)]
    [InlineData("expect-page A heap !anon", "A heap[0]: expected !anon, is anon", 15)]
    [InlineData("expect-vma A heap mg", "A heap[0]: expected VMA flag mg, has rd wr mr mw me ac", 14)]
    [InlineData("expect-vma A none !me ac", "A none[0]: expected VMA flag ac, has mr mw me", 14)]
    [InlineData("expect-same-frame A heap[0] A heap[1]", "expected the same frame, are 0x", 19)]
    [InlineData("expect-other-frame A heap[0] A heap[0]", "expected other frames, both are 0x", 20)]
    [InlineData("expect-same-frame A heap[0] A empty[0]", "A empty[0] is mapped to no frame", 31)]
    [InlineData("expect-error EINVAL read A heap", "expected EINVAL, but read was not refused", 1)]
    [InlineData("expect-error EINVAL write A none[0] 1", "expected EINVAL, but write was refused with SIGSEGV", 1)]
    [InlineData("write A none[0] 1", "write was refused with SIGSEGV", 1)]
    [InlineData("map A far 1 at=0x123", "map was refused with EINVAL", 1)]
    [InlineData("map A far 1 at=0xfffffffffffff000", "map was refused with ENOMEM", 1)]
    public void Run_WhatDoesNotHold_FailsAtItsPlace(string last, string detail, int column)
    {
        using Performance performance = Performance.Of(
            "spawn A\nmap A heap 4\nmap A empty 1\nmap A none 1 none\nfill A heap unique 7\n" + last);

        Assert.NotNull(performance.End);
        Assert.StartsWith(detail, performance.End.Detail, StringComparison.Ordinal);
        Assert.Equal((ScriptOutcome.ExpectationFailed, 6, column),
            (performance.End.Outcome, performance.End.Position.Line, performance.End.Position.Column));
        Assert.Equal(5, performance.Runner.OperationsPerformed);
    }

    [Fact]
    public void Run_ExpectedExhaustion_Holds()
    {
        using Performance performance = Performance.Of(
            "machine frames=8\nspawn A\nmap A heap 9\nexpect-error exhausted fill A heap unique 1\nexpect A.RssAnon=32");

        Assert.Null(performance.End);
    }

    [Theory]
    [InlineData("read A heap")]
    [InlineData("unmap A heap[0..999:2]")]
    [InlineData("expect-mapcount A heap 0")]
    public void Run_MorePagesThanItsBudget_IsExhausted(string last)
    {
        using Performance performance = Performance.Of(
            "spawn A\nmap A heap 1000\n" + last, new ScriptRunnerOptions { MaxTouchedPages = 499 });

        Assert.Equal(ScriptOutcome.Exhausted, performance.End?.Outcome);
        Assert.Contains("touches more than 499 pages", performance.End!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_SparseTebibyte_CostsNothing()
    {
        using Performance performance = Performance.Of(
            "spawn A\nmap A heap 268435456\nwrite A heap[0] 1\nwrite A heap[268435455] 2\nprotect A heap ro\n"
            + "fork A B\nexpect B.VmSize=1073741824 B.RssAnon=8\nunmap B heap\nexpect A.map_count=1 B.map_count=0");

        Assert.Null(performance.End);
    }

    [Fact]
    public void Map_WithoutAPlace_AscendsWithGapsAndAvoidsGivenPlaces()
    {
        // Mapping over a page by its address shows where it is: 4 MiB on, but for what the script itself has put there.
        using Performance performance = Performance.Of("""
            spawn A
            map A one 1
            map A given 1 at=0x1000400000
            map A two 1
            fork A B
            map B three 1
            write A one[0] 1
            write A two[0] 2
            write B three[0] 3
            map A over-one 1 at=0x1000000000
            map A over-two 1 at=0x1000800000
            map B over-three 1 at=0x1000c00000
            expect-bytes A one[0] 0
            expect-bytes A two[0] 0
            expect-bytes B three[0] 0
            expect A.map_count=3 B.map_count=4
            exec A
            map A one 1
            write A one[0] 1
            map A over-one 1 at=0x1000000000
            expect-bytes A one[0] 0
            """);

        Assert.Null(performance.End);
    }

    [Fact]
    public void Remap_EveryForm_KeepsNamesOnTheirPages()
    {
        using Performance performance = Performance.Of("""
            spawn A
            map A heap 8
            fill A heap unique 1
            remap A heap 4
            expect-bytes A heap unique 1
            remap A heap 16 maymove
            expect-bytes A heap[0..3] unique 1
            expect-bytes A heap[4..15] 0
            remap A heap[1..2] move as=part
            expect-bytes A part unique 2
            expect-error SIGSEGV read A heap[1]
            remap A part move as=again
            expect-bytes A again unique 2
            map A part 1
            remap A again to=heap[1]
            expect-bytes A heap[0..3] unique 1
            expect-bytes A again unique 2
            """);

        Assert.Null(performance.End);
    }

    [Fact]
    public void Unpin_AfterRemapAndExit_FindsThePinByItsOldName()
    {
        using Performance performance = Performance.Of(
            "spawn A\nmap A heap 2\nfill A heap unique 1\npin A heap write\npin A heap[0] read\nremap A heap move as=moved\n"
            + "exit A\nexpect nr_free_pages=65534\nunpin A heap\nexpect nr_free_pages=65535\nunpin A heap[0]\nexpect nr_free_pages=65536");

        Assert.Null(performance.End);
    }

    [Theory]
    [InlineData("map A h 1 rx noreserve\nexpect-vma A h rd !wr ex mr mw me nr !ac !sh")]
    [InlineData("map A h 1 shared\nexpect-vma A h sh rd wr !mg")]
    [InlineData("map A h 2\nlock A h[1]\nexpect-vma A h[0] !lo\nexpect-vma A h[1] lo")]
    [InlineData("map A h 1 huge\nexpect-vma A h hg\nadvise A h nohugepage\nexpect-vma A h nh !hg")]
    [InlineData("map A h 1\nadvise A h dontfork\nadvise A h dontdump\nadvise A h random\nexpect-vma A h dc dd rr !wf !sr")]
    [InlineData("map A h 1\nadvise A h wipeonfork\nadvise A h sequential\nexpect-vma A h wf sr !dc !dd !rr")]
    [InlineData("map A h 1\nexpect-page A h !present !anon !ksm !zero\nread A h\nexpect-page A h present zero !anon\n"
        + "write A h[0] 1\nexpect-page A h present anon !zero !ksm")]
    [InlineData("map A h 1 file\nread A h\nexpect-page A h present !anon\nwrite A h[0] 1\nexpect-page A h anon")]
    [InlineData("map A h 2\nadvise A h mergeable\nfill A h same 1\nscan 2\nexpect-page A h present anon ksm !zero\nprotect A h none\n"
        + "expect-page A h ksm\nunmap A h\nexpect-vma A h !mg !rd\nexpect-page A h !present")]
    public void Expect_OfAPageOrMapping_SeesWhatItIs(string text)
    {
        using Performance performance = Performance.Of("spawn A\n" + text);

        Assert.Null(performance.End);
    }

    [Fact]
    public void ExpectPinned_AfterTheProcessWentOn_SeesTheBorrowedFrame()
    {
        using Performance performance = Performance.Of("""
            spawn A
            map A heap 3
            write A heap[0] 1
            pin A heap[0] reference
            pin A heap[2] read
            expect-pinned A heap[0] 1
            expect-pinned A heap[2] 0
            fork A B
            write A heap[0] 2
            expect-pinned A heap[0] 1
            write B heap[0] 3
            exit A
            expect-pinned A heap[0] 1
            expect-pinned A heap[2] 0
            expect-pinned A heap[0] 2
            """);

        Assert.NotNull(performance.End);
        Assert.StartsWith("expected the pin of A heap[0] to hold content 2; byte 0 is 0x", performance.End.Detail, StringComparison.Ordinal);
        Assert.Equal(15, performance.End.Position.Line);
    }

    [Fact]
    public void DirectIo_BothDirections_UnsharesOrWrites()
    {
        using Performance performance = Performance.Of(
            "spawn A\nmap A heap 600\nfill A heap unique 1\nfork A B\ndirect-io A heap[0] write\ndirect-io A heap[1..599] read 9\n"
            + "expect-bytes A heap[0] 1\nexpect-bytes A heap[1..599] 9\nexpect-bytes B heap unique 1\nexpect-other-frame A heap[1] B heap[1]");

        Assert.Null(performance.End);
    }

    [Fact]
    public void Run_EmptyScript_StillHasAMachine()
    {
        using Performance performance = Performance.Of("# nothing\n");

        Assert.Null(performance.End);
        Assert.Equal(1, performance.Runner.OperationsPerformed);
    }
}
