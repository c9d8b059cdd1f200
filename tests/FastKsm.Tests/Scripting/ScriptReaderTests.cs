using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using FastKsm.Scripting;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Scripting;

public sealed class ScriptReaderTests
{
    [Fact]
    public void Read_EveryOperation_KnowsEveryKeyword()
    {
        string[] lines = [.. ScriptFiles.TextOf("language/every-operation.ksm").Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')];
        HashSet<string> written = new(lines.Select(line => line.Split(' ')[0]), StringComparer.Ordinal);

        int operations = ScriptFiles.Read("language/every-operation.ksm").Operations.Count;

        Assert.Equal(lines.Length, operations);
        Assert.Equal(OperationSyntax.Keywords.Order(StringComparer.Ordinal), written.Order(StringComparer.Ordinal));
    }

    public static TheoryData<string> Operations => [.. OperationSyntax.Keywords];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Read_ExampleOfAnOperation_IsThatOperation(string keyword)
    {
        OperationForm form = OperationSyntax.Forms.Single(form => string.Equals(form.Keyword, keyword, StringComparison.Ordinal));

        Operation operation = Assert.Single(ScriptFiles.Parse(form.Example).Operations);

        Assert.StartsWith(keyword + " ", ScriptPrinter.Print(operation) + " ", StringComparison.Ordinal);
        Assert.EndsWith(".", form.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AWholeLine_HasEveryArgumentAndItsPlace()
    {
        Operation operation = Assert.Single(ScriptFiles.Parse(
            "\n  map A heap 0x10 ro shared file huge noreserve at=text[3] node=1 # and so on\r\n").Operations);

        Operation.Map map = Assert.IsType<Operation.Map>(operation);
        Assert.Equal(new SourcePosition(2, 3), map.Position);
        Assert.Equal(("A", new SourcePosition(2, 7)), (map.Process.Text, map.Process.Position));
        Assert.Equal(("heap", 16UL), (map.Region.Text, map.Pages));
        Assert.Equal(
            new MapSettings
            {
                Protection = FastKsm.Protection.Read,
                Shared = true,
                File = true,
                Huge = true,
                NoReserve = true,
                Node = 1,
                At = new Target(null, new PagePlace(new Name("text", default), 3)),
            },
            map.Settings);
    }

    [Theory]
    [InlineData("expect pages_shared=1", Relation.Equal, 1, null)]
    [InlineData("expect pages_shared!=0x10", Relation.NotEqual, 16, null)]
    [InlineData("expect general_profit<-640", Relation.Less, -640, null)]
    [InlineData("expect general_profit>=-9223372036854775808", Relation.AtLeast, long.MinValue, null)]
    [InlineData("expect general_profit<=9223372036854775807", Relation.AtMost, long.MaxValue, null)]
    [InlineData("expect advisor_mode=scan-time", Relation.Equal, 0, "scan-time")]
    public void Read_Condition_HasRelationAndValue(string text, Relation relation, long number, string? word)
    {
        Operation.Expect expect = Assert.IsType<Operation.Expect>(Assert.Single(ScriptFiles.Parse(text).Operations));

        CounterExpectation condition = Assert.Single(expect.Conditions);
        Assert.Equal((relation, new CounterValue(number, word)), (condition.Relation, condition.Value));
    }

    [Theory]
    [InlineData("advance 250ms", 250_000_000)]
    [InlineData("advance 9.697s", 9_697_000_000)]
    [InlineData("advance 0.000000001s", 1)]
    [InlineData("advance 1.5us", 1_500)]
    [InlineData("advance 8760h", Duration.MaxNanoseconds)]
    public void Read_Duration_IsExact(string text, long nanoseconds)
    {
        Operation.Advance advance = Assert.IsType<Operation.Advance>(Assert.Single(ScriptFiles.Parse(text).Operations));

        Assert.Equal(nanoseconds, advance.Time.Nanoseconds);
    }

    [Theory]
    [InlineData(1, "frobnicate A", "there is no operation 'frobnicate'")]
    [InlineData(1, "scna 2", "did you mean 'scan'")]
    [InlineData(6, "spawn", "the line ends where a process is expected")]
    [InlineData(7, "spawn 1A", "expected a process")]
    [InlineData(8, "spawn A.b", "expected a process")]
    [InlineData(9, "spawn A colour=red", "expected an option (group=NAME, cpu=N)")]
    [InlineData(15, "spawn A cpu=1 cpu=2", "'cpu=' is given twice")]
    [InlineData(13, "spawn A cpu=4096", "expected a CPU from 0 to 4095")]
    [InlineData(9, "spawn A B", "expected an option")]
    [InlineData(8, "exec A B", "expected the end of the line but read 'B' (usage: exec PROCESS)")]
    [InlineData(12, "map A heap 0", "a number of pages from 1 to 68719476736 but read '0'")]
    [InlineData(12, "map A heap 68719476737", "but read '68719476737'")]
    [InlineData(12, "map A heap 99999999999999999999999999", "but read '99999999999999999999999999'")]
    [InlineData(12, "map A heap 12x", "but read '12x'", 14)]
    [InlineData(17, "map A heap 1 ro rw", "'PROTECTION' is given twice")]
    [InlineData(17, "map A heap 1 at=heap", "an address, a page (REGION[N]) or any", 21)]
    [InlineData(9, "unmap A heap[", "expected pages", 14)]
    [InlineData(9, "unmap A heap[4..3]", "a last page from 4 to", 17)]
    [InlineData(9, "unmap A heap[4..7:0]", "a step from 1 to", 19)]
    [InlineData(9, "unmap A heap[4]x", "expected pages", 16)]
    [InlineData(16, "protect A heap rww", "expected a protection (none, ro, rw")]
    [InlineData(15, "advise A heap mergable", "expected an advice (mergeable, unmergeable")]
    [InlineData(1, "remap A heap", "remap needs a size, move or to=")]
    [InlineData(9, "remap A heap[0..3:2] move", "without a step")]
    [InlineData(19, "remap A heap move maymove", "'maymove, move or to=' is given twice")]
    [InlineData(1, "remap A heap to=any", "is written move")]
    [InlineData(1, "remap A heap dontunmap 3", "expected an option", 24)]
    [InlineData(1, "remap A heap move dontunmap", "dontunmap needs")]
    [InlineData(13, "fill A heap 7", "expected same or unique")]
    [InlineData(18, "fill A heap same 18446744073709551616", "a content number from 0 to 18446744073709551615")]
    [InlineData(9, "write A heap 8", "expected a page (REGION[N])", 13)]
    [InlineData(8, "poke A heap[3] 1", "expected a byte (REGION[N]+OFFSET)", 15)]
    [InlineData(16, "poke A heap[3]+2097152 1", "an offset from 0 to 2097151")]
    [InlineData(17, "poke A heap[3]+1", "the line ends where a byte from 0 to 255 is expected")]
    [InlineData(18, "poke A heap[3]+1 256", "a byte from 0 to 255")]
    [InlineData(12, "pin A heap forever", "expected a purpose (read, write, reference)")]
    [InlineData(9, "prctl A merge=maybe", "merge=on, merge=off, set or get")]
    [InlineData(20, "prctl A set 1 2 3 4 5", "expected the end of the line", 21)]
    [InlineData(5, "run 3", "expected a value from 0 to 2")]
    [InlineData(6, "scan 0", "a count from 1 to 1000000")]
    [InlineData(6, "scan -1", "a count from 1 to 1000000")]
    [InlineData(9, "advance 250", "expected a unit (ns, us, ms, s, m, h)", 12)]
    [InlineData(9, "advance 1.s", "expected a duration", 11)]
    [InlineData(9, "advance 0.5ns", "in whole nanoseconds")]
    [InlineData(9, "advance 8761h", "expected a duration")]
    [InlineData(9, "advance 1.0000000000s", "at most 9 digits")]
    [InlineData(5, "ksm run", "expected a knob and its value", 8)]
    [InlineData(4, "ksm", "the line ends where a knob")]
    [InlineData(9, "offline 1", "expected an option (node=N)")]
    [InlineData(11, "limit web x", "a number of pages from 0")]
    [InlineData(17, "swapon s 8 bad=5,", "slots", 18)]
    [InlineData(17, "swapon s 8 kind=floppy", "expected a kind (ssd, rotational")]
    [InlineData(8, "expect pages_shared", "expected a condition", 20)]
    [InlineData(8, "expect a.b.c.d=1", "expected a condition", 13)]
    [InlineData(8, "expect pages_shared=", "expected a number or a word", 21)]
    [InlineData(8, "expect advisor_mode<none", "words have no order", 21)]
    [InlineData(8, "expect pages_shared=1,2", "expected a number or a word", 22)]
    [InlineData(8, "expect pages_shared=9223372036854775808", "a number from -9223372036854775808 to 9223372036854775807", 21)]
    [InlineData(20, "expect-page A heap ksm ksm", "'ksm' is given twice", 24)]
    [InlineData(20, "expect-page A heap !", "expected a state")]
    [InlineData(19, "expect-vma A heap merge", "a flag of smaps")]
    [InlineData(15, "expect-events ksm_enter(mm)", "expected an event", 27)]
    [InlineData(15, "expect-events ksm_enter(mm=A", "expected an event", 29)]
    [InlineData(18, "expect-flushes A 3", "expected flush operations", 19)]
    [InlineData(18, "expect-flushes A r(8", "expected flush operations", 21)]
    [InlineData(18, "expect-flushes A remote:F", "expected flush operations", 18)]
    [InlineData(18, "expect-flushes A none F", "expected the end of the line", 23)]
    [InlineData(14, "expect-error EWHAT scan", "expected an error (EPERM")]
    [InlineData(21, "expect-error EINVAL", "the line ends where an operation is expected", 20)]
    [InlineData(21, "expect-error EINVAL expect-error EINVAL scan", "cannot contain itself")]
    [InlineData(21, "expect-error EINVAL machine", "an operation that does something")]
    [InlineData(21, "expect-error EINVAL expect pages_shared=1", "an operation that does something")]
    [InlineData(9, "machine frames=0", "a number of frames from 1 to", 16)]
    [InlineData(9, "machine content=bits", "expected a content (page, fingerprint)", 17)]
    public void Read_BadLine_SaysWhereAndWhatIsAllowed(int column, string text, string detail, int? within = null)
    {
        ScriptException exception = Assert.Throws<ScriptException>(() => ScriptFiles.Parse("spawn Z\n\n" + text));

        Assert.Equal(ScriptOutcome.BadScript, exception.Outcome);
        Assert.Contains(detail, exception.Detail, StringComparison.Ordinal);
        Assert.Equal(new SourcePosition(3, within ?? column), exception.Position);
        Assert.StartsWith($"test.ksm:3:{within ?? column}: ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void Read_MachineNotFirst_IsRefused()
    {
        ScriptException exception = Assert.Throws<ScriptException>(() => ScriptFiles.Parse("spawn A\nmachine frames=8"));

        Assert.Equal("test.ksm:2:1: machine must be the first operation (usage: " + OperationSyntax.UsageOf("machine") + ")", exception.Message);
    }

    [Theory]
    [InlineData("spawn A\0", 1, 8, "byte 0x00")]
    [InlineData("spawn \u00e4", 1, 7, "byte 0xe4")]
    [InlineData("scan 1\v", 1, 7, "byte 0x0b")]
    [InlineData("\u00ef\u00bb\u00bfscan", 1, 1, "byte 0xef")]
    public void Read_BytesThatAreNoText_AreRefused(string text, int line, int column, string detail)
    {
        ScriptException exception = Assert.Throws<ScriptException>(() => ScriptFiles.Parse(text));

        Assert.Equal(new SourcePosition(line, column), exception.Position);
        Assert.Contains(detail, exception.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AnyByteInAComment_IsFine()
    {
        byte[] text = [.. "scan 1 #"u8, .. Enumerable.Range(0, 256).Select(value => (byte)value).Where(value => value != '\n')];

        Assert.Single(ScriptReader.Read("test.ksm", text).Operations);
    }

    [Fact]
    public void Read_LineOfTenMegabytes_IsRefusedUnlessItIsAComment()
    {
        byte[] line = new byte[10 << 20];
        line.AsSpan().Fill((byte)'a');

        ScriptException exception = Assert.Throws<ScriptException>(() => ScriptReader.Read("test.ksm", line));
        line[0] = (byte)'#';

        Assert.Equal(new SourcePosition(1, ScriptLimits.MaxLineBytes + 1), exception.Position);
        Assert.True(exception.Message.Length < 200);
        Assert.Empty(ScriptReader.Read("test.ksm", line).Operations);
    }

    [Fact]
    public void Read_StreamWithoutEnd_IsRefused()
    {
        using EndlessStream stream = new();

        ScriptException exception = Assert.Throws<ScriptException>(() => ScriptReader.Read("test.ksm", stream));

        Assert.Contains($"at most {ScriptLimits.MaxScriptBytes} bytes", exception.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MoreOperationsThanAllowed_IsRefused()
    {
        string text = string.Concat(Enumerable.Repeat("scan\n", ScriptLimits.MaxOperations + 1));

        ScriptException exception = Assert.Throws<ScriptException>(() => ScriptFiles.Parse(text));

        Assert.Equal(ScriptLimits.MaxOperations + 1, exception.Position.Line);
    }

    [Fact]
    public void Read_RandomBytes_ThrowsNothingButScriptException()
    {
        Random random = new(1);
        byte[] bytes = new byte[300];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                Encoding.ASCII.GetBytes("expect A.b=").CopyTo(bytes, 0);
            }

            Exception? exception = Record.Exception(() => ScriptReader.Read("test.ksm", bytes));

            Assert.True(exception is null or ScriptException, exception?.ToString());
        }
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)'\n');
            return count;
        }
    }
}
