using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Cli.Commands;
using FastKsm.Cli.Scenarios.PreforkWorkers;
using Xunit;

namespace FastKsm.Tests.Cli.Scenarios;

public sealed class PreforkWorkersTests
{
    private static readonly KsmdPolicy s_plain = new("plain", "plain", SmartScan: false, Advisor: false);
    private static readonly KsmdPolicy s_smart = new("smart", "smart", SmartScan: true, Advisor: false);
    private static readonly KsmdPolicy s_advisor = new("advisor", "advisor", SmartScan: false, Advisor: true);

    // 4 processes of 57 pages.
    private static readonly PreforkWorkload s_small = new()
    {
        Workers = 3,
        Scale = 10,
        Common = 20,
        Filler = 5,
        Inherited = 8,
        Private = 11,
        Changing = 13,
        Starting = 7,
        ChangeSeconds = 1,
        StartSeconds = 100,
        LifetimeSeconds = 0,
        RequestSeconds = 0,
    };

    [Fact]
    public void Cost_OfABatch_IsTheSumOfItsParts()
    {
        KsmdCost cost = new(100, 1000, 10);
        KsmdWork before = new(Visits: 5, Checksums: 3, Searches: 1, StableNodes: 9, UnstableNodes: 9);
        KsmdWork after = new(Visits: 15, Checksums: 8, Searches: 3, StableNodes: 4, UnstableNodes: 16);

        // 10 visits, 5 checksums, 2 searches of log2(4) + log2(16) steps.
        Assert.Equal(TimeSpan.FromTicks((1000 + 5000 + (2 * 6 * 10)) / 100), cost.Of(before, after, 1));

        // As many times eight, and each tree three levels deeper.
        Assert.Equal(TimeSpan.FromTicks(8 * (1000 + 5000 + (2 * 12 * 10)) / 100), cost.Of(before, after, 8));
    }

    [Fact]
    public void Run_WorkersThatLiveForEver_SettlesAtWhatTheWorkloadSays()
    {
        IReadOnlyList<ScanRecord> scans = PreforkRun.Perform(
            s_small, s_plain, new KsmdSettings(50, 1000, 200, 70, default), TimeSpan.FromMinutes(60), seed: 1);
        KsmCounters counters = scans[^1].Counters;

        // Each common content has one frame and four addresses, the filler one and twenty. Of an inherited page one address is
        // in the unstable tree, and the other three lead to the same frame.
        Assert.Equal(20 + 1, counters.PagesShared);
        Assert.Equal((20 * 3) + 19, counters.PagesSharing);
        Assert.Equal((4 * 11) + 8, counters.PagesUnshared);
        Assert.Equal((4 * 13) + (3 * 8), counters.PagesVolatile);
        Assert.Equal(4 * 57, scans[^1].Scanned);
        Assert.Equal(4 * 57, s_small.Pages);
    }

    [Fact]
    public void Run_WithoutCost_TakesTheSleepsOfItsBatches()
    {
        IReadOnlyList<ScanRecord> scans = PreforkRun.Perform(
            s_small, s_plain, new KsmdSettings(50, 1000, 200, 70, default), TimeSpan.FromMinutes(60), seed: 1);

        // 228 pages, 10 wake-ups for each of the model's: 45.6 sleeps of a second.
        Assert.Equal(45.6, scans[^1].Duration.TotalSeconds, 1e-6);
        Assert.Equal(TimeSpan.Zero, scans[^1].Cpu);
    }

    [Fact]
    public void Run_WithCost_TakesItInAddition()
    {
        IReadOnlyList<ScanRecord> scans = PreforkRun.Perform(
            s_small, s_plain, new KsmdSettings(50, 1000, 200, 70, new KsmdCost(1e6, 0, 0)), TimeSpan.FromMinutes(60), seed: 1);

        // A millisecond a page, and 2,280 pages of the host.
        Assert.Equal(2.28, scans[^1].Cpu.TotalSeconds, 1e-6);
        Assert.Equal(45.6 + 2.28, scans[^1].Duration.TotalSeconds, 1e-6);
    }

    [Fact]
    public void Run_SmartScan_LeavesOldPagesOut()
    {
        KsmdSettings settings = new(50, 1000, 200, 70, default);
        IReadOnlyList<ScanRecord> scans = PreforkRun.Perform(s_small, s_smart, settings, TimeSpan.FromMinutes(120), seed: 1);

        // Merged pages always; of the 128 others a ninth in the long run.
        PolicyFigures figures = new(scans, TimeSpan.FromMinutes(60), s_small.Scale);
        Assert.InRange(figures.Scanned / 10, 100 + (128 / 9.0) - 2, 100 + (128 / 9.0) + 2);
        Assert.Equal(2280, figures.Scanned + figures.Skipped, 1e-6);
    }

    [Fact]
    public void Run_Advisor_ComesToTheScanTimeAskedFor()
    {
        // 22.8 s of CPU time leave 77 s for sleeps: batches of some 29 pages.
        KsmdSettings settings = new(50, 1000, 100, 70, new KsmdCost(1e7, 0, 0));
        IReadOnlyList<ScanRecord> scans = PreforkRun.Perform(s_small, s_advisor, settings, TimeSpan.FromMinutes(240), seed: 1);

        Assert.InRange(new PolicyFigures(scans, TimeSpan.FromMinutes(120), s_small.Scale).ScanSeconds, 90, 120);
        Assert.NotEqual(50, scans[^1].PagesToScan);
    }

    [Fact]
    public void Host_WhileItStarts_HasFurtherPages()
    {
        using PreforkHost host = new(s_small, seed: 1);

        Assert.Equal((3 * (57 + 7)) + 57, ResidentAddresses(host));
        host.Advance(TimeSpan.FromSeconds(101));
        Assert.Equal(4 * 57, ResidentAddresses(host));
        host.Machine.Validate();
    }

    [Fact]
    public void Host_WorkersTakeTurns_AsOftenAsTheyShould()
    {
        using PreforkHost host = new(s_small with { LifetimeSeconds = 600, RequestSeconds = 300 }, seed: 3);
        host.Machine.Ksm.Write("run", "1");
        for (int minute = 0; minute < 200; minute++)
        {
            host.Advance(TimeSpan.FromMinutes(1));
            _ = host.Machine.Ksm.Batch();
        }

        // Three workers: 20 lives each, 40 times new memory, give or take what the turns vary.
        Assert.InRange(host.Replaced, 54, 66);
        Assert.InRange(host.Renewed, 108, 132);
        Assert.Equal(4 * 57, ResidentAddresses(host));
        host.Machine.Validate();
    }

    [Fact]
    public void Scenario_Json_HasEveryPolicy()
    {
        using JsonDocument document = JsonDocument.Parse(Run("--json"));
        JsonElement table = document.RootElement.GetProperty("tables")[0];
        Dictionary<string, JsonElement> rows = table.GetProperty("rows").EnumerateArray()
            .ToDictionary(row => row.GetProperty("figure").GetString()!, StringComparer.Ordinal);

        JsonElement scanned = rows["pages scanned a scan"];
        Assert.True(scanned.GetProperty("smart_scan").GetDouble() < scanned.GetProperty("plain").GetDouble());
        Assert.Equal(
            (scanned.GetProperty("both").GetDouble() / scanned.GetProperty("plain").GetDouble()) - 1,
            scanned.GetProperty("both_to_plain").GetDouble(),
            1e-9);
        Assert.Equal(200, rows["pages_to_scan, steady"].GetProperty("plain").GetDouble());
        Assert.Empty(table.GetProperty("wall_clock").EnumerateArray());
    }

    [Fact]
    public void Scenario_SameSeed_GivesTheSameText()
    {
        string text = Run();

        Assert.Equal(text, Run(), StringComparer.Ordinal);
        Assert.NotEqual(text, Run("--seed", "9"), StringComparer.Ordinal);
    }

    [Fact]
    public void Scenario_TooShortForASteadyScan_IsRefused()
    {
        ToolException exception = Assert.Throws<ToolException>(() => Run("--steady-from", "60"));

        Assert.Equal(ExitCode.BadInput, exception.ExitCode);
        Assert.Contains("--minutes", exception.Message, StringComparison.Ordinal);
    }

    private static long ResidentAddresses(PreforkHost host) =>
        host.Processes.Sum(process => process.ResidentAnonymousPages);

    // A host a hundredth as large, for an hour.
    private static string Run(params string[] arguments)
    {
        string[] small =
        [
            "--workers", "4", "--scale", "1000", "--common", "40", "--filler", "10", "--inherited", "40", "--private", "12", "--changing", "40",
            "--starting", "20", "--start-minutes", "5", "--minutes", "60", "--pages-to-scan", "200", "--sleep-millisecs", "100",
        ];
        string[] steady = arguments.Contains("--steady-from", StringComparer.Ordinal) ? [] : ["--steady-from", "30"];
        using StringWriter output = new();
        RootCommand root = new() { ScenarioCommand.Create([new PreforkWorkersScenario()]) };
        int exitCode = root.Parse(["scenario", "prefork-workers", .. small, .. steady, .. arguments])
            .Invoke(new() { Output = output, EnableDefaultExceptionHandler = false });
        Assert.Equal(ExitCode.Success, exitCode);
        return output.ToString();
    }
}
