using System;
using System.Globalization;
using System.Linq;
using System.Text;
using FastKsm.Scripting;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Scripting;

/// <summary>
/// Operations that read well but name what is not there, ask for what no machine has, or for what runs out: one error at its
/// place, and the machine is as it was, or at least valid.
/// </summary>
public sealed class BadPlaceTests
{
    private const string Setup = """
        machine frames=64 cpus=2 nodes=2
        spawn A
        spawn gone
        exit gone
        map A heap 8
        map A hole 8
        advise A heap mergeable
        fill A heap same 7
        unmap A hole[4]
        pin A heap[7] write
        remember-frame known A heap[0]
        scan 2

        """;

    private static readonly int s_setupLines = Setup.Split('\n').Length - 1;

    // A keyword, and what stands behind a process and its pages.
    private static readonly (string Keyword, string Behind)[] s_onPages =
    [
        ("unmap", ""), ("protect", " ro"), ("advise", " dontneed"), ("remap", " 4"), ("lock", ""), ("unlock", ""), ("sync", ""),
        ("userfault", " write-protect"), ("fill", " same 1"), ("read", ""), ("populate", " write"), ("pin", " write"),
        ("direct-io", " write"), ("migrate", ""), ("pageout", ""), ("expect-bytes", " 7"), ("expect-mapcount", " 1"),
        ("expect-zero-frame", ""), ("expect-page", " present"), ("expect-vma", " rd"),
    ];

    private static readonly (string Keyword, string Behind)[] s_onOnePage =
        [("write", " 1"), ("force-write", " 1"), ("poke", "+0 1"), ("expect-bytes", "+0 1")];

    public static TheoryData<string, string> Places
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach ((string keyword, string behind) in s_onPages)
            {
                rows.Add($"{keyword} B heap{behind}", "there is no process 'B'; did you mean 'A'?");
                rows.Add($"{keyword} gone heap{behind}", "process 'gone' has exited");
                rows.Add($"{keyword} A heep{behind}", "the process has no region 'heep'; did you mean 'heap'?");
                rows.Add($"{keyword} A heap[8]{behind}", "page 8 is behind the end of 'heap', which has 8 pages");
                rows.Add($"{keyword} A heap[0..8]{behind}", "page 8 is behind the end of 'heap', which has 8 pages");
                if (keyword is not "remap")
                {
                    rows.Add($"{keyword} A heap[0..68719476735:3]{behind}", "page 68719476735 is behind the end of 'heap'");
                }
            }

            foreach ((string keyword, string behind) in s_onOnePage)
            {
                rows.Add($"{keyword} B heap[0]{behind}", "there is no process 'B'");
                rows.Add($"{keyword} gone heap[0]{behind}", "process 'gone' has exited");
                rows.Add($"{keyword} A heep[0]{behind}", "the process has no region 'heep'");
                rows.Add($"{keyword} A heap[8]{behind}", "page 8 is behind the end of 'heap'");
            }

            foreach ((string operation, string detail) in new[]
            {
                ("spawn A", "there is already a process 'A'"), ("spawn B cpu=2", "the machine has CPUs 0 to 1, not 2"),
                ("fork B C", "there is no process 'B'"), ("fork gone C", "process 'gone' has exited"), ("fork A A", "there is already a process 'A'"),
                ("exec B", "there is no process 'B'"), ("exec gone", "process 'gone' has exited"), ("exit gone", "process 'gone' has exited"),
                ("cpu A 2", "the machine has CPUs 0 to 1, not 2"), ("cpu B 0", "there is no process 'B'"),
                ("map B r 1", "there is no process 'B'"), ("map A heap 1", "the process already has a region 'heap'"),
                ("map A r 1 node=2", "the machine has nodes 0 to 1, not 2"), ("map A r 1 at=heep[0]", "the process has no region 'heep'"),
                ("remap A heap[1..2] move", "need a name: as=REGION"), ("remap A heap[1..2] move as=hole", "already has a region 'hole'"),
                ("remap A heap to=heep[0]", "the process has no region 'heep'"),
                ("poke A heap[0]+4096 1", "a page has 4096 bytes; byte 4096 is behind its end"),
                ("fill A heap unique 18446744073709551609", "8 contents from 18446744073709551609 on reach beyond the largest number"),
                ("unpin A heap[1]", "not all of A heap[1] is pinned"), ("unpin A heap[6..7]", "not all of A heap[6..7] is pinned"),
                ("unpin B heap", "not all of B heap is pinned"), ("prctl B merge=on", "there is no process 'B'"),
                ("ksm pages_shred=1", "there is no file 'pages_shred' in /sys/kernel/mm/ksm; did you mean 'pages_"),
                ("ksm smart_scan=1 use_zero_pages=1 cow_ksm=1", "there is no file 'cow_ksm' in /sys/kernel/mm/ksm"),
                ("expect pages_shred=1", "there is no counter 'pages_shred' of a machine; did you mean 'pages_"),
                ("expect A.KSM=1", "there is no counter 'KSM' of a process"), ("expect A.heap.map_count=1", "there is no counter 'map_count' of a region"),
                ("expect B.map_count=1", "there is no process 'B'"), ("expect gone.map_count=1", "process 'gone' has exited"),
                ("expect A.heep.KSM=1", "the process has no region 'heep'"),
                ("expect-pinned A heap[1] 7", "A heap[1] is not pinned"), ("remember-frame x A heap[8]", "page 8 is behind the end of 'heap'"),
                ("expect-same-frame @knwon A heap[0]", "no frame is remembered as 'knwon'; did you mean 'known'?"),
                ("expect-error ENOMEM unmap A heap[8]", "page 8 is behind the end of 'heap'"),
            })
            {
                rows.Add(operation, detail);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Perform_WhatIsNotThere_IsABadScriptAndChangesNothing(string operation, string detail)
    {
        (ScriptException error, string before, string after) = Refused(operation);

        Assert.Equal(ScriptOutcome.BadScript, error.Outcome);
        Assert.Contains(detail, error.Detail, StringComparison.Ordinal);
        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData("map A r 68719476736", "map was refused with ENOMEM")]
    [InlineData("map A r 1 at=0xfffffffffffff000", "map was refused with ENOMEM: Expected a range below 0x800000000000 but got 18446744073709547520")]
    [InlineData("map A r 1 at=1", "map was refused with EINVAL: 0x1 is not the address of a page")]
    [InlineData("remap A heap to=0xfffffffffffff000", "remap was refused with ENOMEM")]
    [InlineData("prctl A set 1 1", "prctl was refused with EINVAL")]
    [InlineData("ksm max_page_sharing=7", "ksm was refused with EBUSY")]
    [InlineData("ksm run=3", "ksm was refused with EINVAL: Writing \"3\" to run was refused: it takes 0, 1 or 2")]
    [InlineData("ksm pages_to_scan=4294967296", "it takes 0 to 4294967295")]
    public void Perform_WhatLinuxRefuses_FailsAndChangesNothing(string operation, string detail)
    {
        (ScriptException error, string before, string after) = Refused(operation);

        Assert.Equal(ScriptOutcome.ExpectationFailed, error.Outcome);
        Assert.Contains(detail, error.Detail, StringComparison.Ordinal);
        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData("machine frames=268435457", "Expected 1 to 268435456 but got 268435457")]
    [InlineData("machine nodes=8 frames=7", "Expected 8 to 268435456 but got 7")]
    [InlineData("machine cpus=4097", "Expected 1 to 4096 but got 4097")]
    [InlineData("machine nodes=1025", "Expected 1 to 1024 but got 1025")]
    [InlineData("machine page_size=4095", "Expected 4096, 16384, 65536 or 2097152 but got 4095")]
    [InlineData("machine max_map_count=67108865", "Expected 1 to 67108864 but got 67108865")]
    public void Start_MachineThatCannotBe_IsABadScriptWithTheRange(string machine, string detail)
    {
        using Performance performance = Performance.Of(machine + "\nspawn A");

        Assert.Equal((ScriptOutcome.BadScript, new SourcePosition(1, 1)), (performance.End!.Outcome, performance.End.Position));
        Assert.Contains(detail, performance.End.Detail, StringComparison.Ordinal);
        Assert.Equal(0, performance.Runner.OperationsPerformed);
    }

    /// <summary>What is done on 64 frames of two nodes, all but one of them used where not said otherwise.</summary>
    public static TheoryData<string, string, ScannerIndex> Exhausting
    {
        get
        {
            TheoryData<string, string, ScannerIndex> rows = [];
            foreach ((string before, string operation) in new[]
            {
                ("map A r 65", "fill A r unique 1"), ("map A r 65", "populate A r write"), ("map A r 65", "lock A r"),
                ("map A r 65 file", "read A r"), ("map A r 64\nfill A r unique 1\nmap A s 1", "write A s[0] 1"),
                ("map A r 64\nfill A r unique 1\nmap A s 1", "poke A s[0]+8 1 2 3"),
                ("map A r 64\nfill A r unique 1\nmap A s 1", "pin A s write"),
                ("map A r 64\nfill A r unique 1\nfork A B", "write B r[0] 1"),
                ("map A r 64\nfill A r unique 1\nfork A B", "force-write B r[0] 1"),
                ("map A r 64\nfill A r unique 1\nfork A B", "direct-io B r[3] write"),
                ("map A r 64\nfill A r unique 1\npin A r write", "fork A B"),
                (Merged, "write A r[0] 1"), (Merged, "run 2"), (Merged, "advise A r unmergeable"), (Merged, "lock A r"),
                (Merged, "remap A r move"), (Merged, "populate A r write"), (Merged, "pin A r[0] read"),
                ("prctl A merge=on\n" + Merged, "prctl A merge=off"),
                ("ksm use_zero_pages=1\n" + Merged.Replace("r same 7", "r same 0", StringComparison.Ordinal), "run 2"),
            })
            {
                rows.Add(before, operation, ScannerIndex.Fingerprint);
                rows.Add(before, operation, ScannerIndex.Tree);
            }

            return rows;
        }
    }

    // 40 pages on one frame or none, and then no frame free.
    private const string Merged =
        "map A r 40\nadvise A r mergeable\nfill A r same 7\nscan 2\nmap A s 65\nexpect-error exhausted fill A s unique 1\nexpect nr_free_pages=0";

    [Theory]
    [MemberData(nameof(Exhausting))]
    public void Perform_WithoutFrames_IsExhaustedAndTheMachineGoesOn(string before, string operation, ScannerIndex index)
    {
        string text = "machine frames=64 cpus=2 nodes=2\nspawn A\n" + before + "\n";
        using Performance performance = Performance.Of(ScriptFiles.Parse(text + operation), index: index);
        int line = text.Split('\n').Length;

        Assert.NotNull(performance.End);
        Assert.Equal((ScriptOutcome.Exhausted, new SourcePosition(line, 1)), (performance.End.Outcome, performance.End.Position));
        Assert.StartsWith($"{operation.Split(' ')[0]}: No page frame is free: ", performance.End.Detail, StringComparison.Ordinal);

        // Nothing is lost: when the processes are gone, all frames are free and merging is as good as new.
        string rest = (before.EndsWith("pin A r write", StringComparison.Ordinal) ? "unpin A r\n" : string.Empty)
            + string.Concat(performance.Runner.Processes.Keys.Select(name => $"exit {name}\n"))
            + "run 2\nexpect nr_free_pages=64\nksm use_zero_pages=0\nrun 1\nspawn Z\nmap Z r 64\nadvise Z r mergeable\nfill Z r same 9\n"
            + "scan 2\nexpect pages_shared=1 pages_sharing=63 nr_free_pages=63";
        foreach (Operation next in ScriptFiles.Parse(rest).Operations)
        {
            performance.Runner.Perform(next);
        }

        performance.Validate();
    }

    [Fact]
    public void Pin_OfPagesThatEndInAHole_BorrowsNone()
    {
        using Performance performance = Performance.Of(Setup + "expect-error EFAULT pin A hole write\nexit A\nunpin A heap[7]\nscan\nexpect nr_free_pages=64");

        Assert.Null(performance.End);
    }

    private static (ScriptException Error, string Before, string After) Refused(string operation)
    {
        using EnginePerformer performer = new();
        ScriptRunner runner = new("test.ksm", performer);
        foreach (Operation one in ScriptFiles.Parse(Setup).Operations)
        {
            runner.Perform(one);
        }

        string before = Snapshot(performer, runner);
        Script script = ScriptFiles.Parse(new string('\n', s_setupLines) + operation);
        ScriptException error = Assert.Throws<ScriptException>(() => runner.Perform(Assert.Single(script.Operations)));
        Assert.Equal(s_setupLines + 1, error.Position.Line);
        Assert.InRange(error.Position.Column, 1, operation.Length);
        Assert.DoesNotContain('\n', error.Message);
        performer.Machine!.Validate();
        return (error, before, Snapshot(performer, runner));
    }

    // All that shows: processes, counters, and of every page of A its frame, what it maps and what it holds.
    private static string Snapshot(EnginePerformer performer, ScriptRunner runner)
    {
        StringBuilder text = new();
        foreach (string counter in performer.CounterNames(CounterScope.Machine))
        {
            Assert.True(performer.TryReadCounter(counter, out CounterValue value));
            text.Append($"{counter}={value}\n");
        }

        byte[] content = new byte[performer.ContentSize];
        foreach ((string name, int process) in runner.Processes)
        {
            foreach (string counter in performer.CounterNames(CounterScope.Process))
            {
                Assert.True(performer.TryReadCounter(process, counter, out CounterValue value));
                text.Append($"{name}.{counter}={value}\n");
            }

            foreach (ulong page in Enumerable.Range(0, 8).SelectMany(i => new[] { 0x10_0000_0000UL + ((ulong)i * 4096), 0x10_0040_0000UL + ((ulong)i * 4096) }))
            {
                string flags = string.Join(' ', performer.VmaFlagsAt(process, page));
                if (flags.Length > 0)
                {
                    performer.Peek(process, page, content);
                }

                text.Append(CultureInfo.InvariantCulture, $"{page:x}: {performer.FrameAt(process, page)} {performer.MapCountAt(process, page)} {flags} {Convert.ToHexString(content.AsSpan(0, 8))}\n");
            }
        }

        return text.ToString();
    }
}
