using System;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Evaluation;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class RecordSorterTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(63, 1)]
    [InlineData(5_000, 100_000)]
    [InlineData(200_000, 100_000)]
    [InlineData(200_000, 3)] // Nearly all pages are equal: a few buckets hold everything.
    public void Sort_RandomRecords_IsOrderedAndLosesNothing(int count, int contents)
    {
        Random random = new(count + contents);
        ulong[] checksums = [.. Enumerable.Range(0, contents).Select(_ => (ulong)random.NextInt64() << 1)];
        using PageRecordTable table = new(capacity: 1_000_000);
        table.Commit(count);
        for (int i = 0; i < count; i++)
        {
            table[i] = PageRecord.Create(checksums[random.Next(contents)], i, i % 7, (ulong)i);
        }

        PageRecord[] expected = table.Slice(0, count).ToArray();
        Array.Sort(expected);

        RecordSorter.Sort(table, threads: 2);

        Assert.Equal(expected, table.Slice(0, count).ToArray());
    }

    [Fact]
    public void Compact_SomeRefused_KeepsTheOthersInOrder()
    {
        using PageRecordTable table = new(capacity: 1_000_000);
        table.Commit(10);
        for (int i = 0; i < 10; i++)
        {
            table[i] = PageRecord.Create(1, i, 0, 0);
        }

        table.Compact(default(EveryThird));

        Assert.Equal([0, 3, 6, 9], table.Slice(0, table.Count).ToArray().Select(record => record.Ordinal));
    }

    [Fact]
    public void Commit_BeyondTheReservation_SaysHowManyPages()
    {
        using PageRecordTable table = new(capacity: 1_000_000);

        ToolException error = Assert.Throws<ToolException>(() => table.Commit(2_000_000));

        Assert.Equal(ExitCode.Exhausted, error.ExitCode);
        Assert.Contains("2000000 pages", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, table.Count);
    }

    private readonly struct EveryThird : IPageRecordFilter
    {
        public bool Keeps(in PageRecord record) => record.Ordinal % 3 == 0;
    }
}
