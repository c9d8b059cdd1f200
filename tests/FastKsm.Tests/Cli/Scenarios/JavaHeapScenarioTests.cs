using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Cli.Commands;
using FastKsm.Cli.Scenarios.JavaHeap;
using Xunit;

namespace FastKsm.Tests.Cli.Scenarios;

/// <summary>The counts that rmap.md 4.6 works out for n VMAs and 256 pages of a frame.</summary>
public sealed class JavaHeapScenarioTests
{
    private const int Vmas = 600;
    private const int Items = 256;

    [Fact]
    public void Walks_OfOneFrame_HaveTheCountsOfTheModel()
    {
        JsonElement[] rows = Rows(table: 1, "--frames", "1");

        // Migration: the last page's walk ends at its VMA, the first of all. Restoring: two passes over everything.
        Check(rows[0], "all VMAs", "unmap", holds: Items, byAddress: ((Items - 1) * Vmas) + 1 - Items, byPass: 0);
        Check(rows[1], "all VMAs", "restore", holds: 2 * Items, byAddress: 2 * Items * (Vmas - 1), byPass: Items);
        Check(rows[2], "page index", "unmap", holds: Items, byAddress: 0, byPass: 0);
        Check(rows[3], "page index", "restore", holds: 2 * Items, byAddress: 0, byPass: Items);
        Assert.Equal(6, rows.Length);
        Assert.True(rows[4].GetProperty("nodes").GetDouble() > 50);
        Assert.Equal(1, rows[4].GetProperty("visits").GetDouble());
    }

    [Fact]
    public void Heap_OfTheModel_MergesUpToTheLimit()
    {
        JsonElement row = Assert.Single(Rows(table: 0, "--frames", "100"));

        Assert.Equal(Vmas, row.GetProperty("vmas").GetInt32());
        Assert.Equal(3, row.GetProperty("pages_shared").GetInt32());
        Assert.Equal(Vmas - 3, row.GetProperty("pages_sharing").GetInt32());
        Assert.Equal(3, row.GetProperty("migrated").GetInt32());
    }

    [Fact]
    public void Run_FewPages_MergesAndMigratesThem()
    {
        using StringWriter output = new();

        Assert.Equal(ExitCode.Success, Run(output, "--vmas", "2"));

        Assert.Contains("all VMAs", output.ToString(), StringComparison.Ordinal);
    }

    private static void Check(JsonElement row, string over, string to, long holds, long byAddress, long byPass)
    {
        Assert.Equal((over, to), (row.GetProperty("walks_over").GetString(), row.GetProperty("to").GetString()));
        Assert.Equal(holds, row.GetProperty("holds").GetInt64());
        Assert.Equal(byAddress, row.GetProperty("rejected_by_address").GetInt64());
        Assert.Equal(byPass, row.GetProperty("rejected_by_pass").GetInt64());
        Assert.Equal(Items, row.GetProperty("visits").GetInt64());
        long looked = byAddress + byPass + Items;
        Assert.InRange(row.GetProperty("nodes").GetInt64(), looked, byAddress == 0 ? 6 * holds : 2 * looked);
    }

    private static JsonElement[] Rows(int table, params string[] arguments)
    {
        using StringWriter output = new();
        Assert.Equal(ExitCode.Success, Run(output, ["--vmas", $"{Vmas}", "--json", .. arguments]));
        using JsonDocument document = JsonDocument.Parse(output.ToString());
        return [.. document.RootElement.GetProperty("tables")[table].GetProperty("rows").EnumerateArray().Select(row => row.Clone())];
    }

    private static int Run(TextWriter output, params string[] arguments)
    {
        RootCommand root = new() { ScenarioCommand.Create([new JavaHeapScenario()]) };
        return root.Parse(["scenario", "java-heap", .. arguments])
            .Invoke(new() { Output = output, EnableDefaultExceptionHandler = false });
    }
}
