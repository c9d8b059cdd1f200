using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;

namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>What smart scan and the scan-time advisor save on a tier of forked web workers, compared with the plain scanner.</summary>
internal sealed class PreforkWorkersScenario : IScenario
{
    private static readonly KsmdPolicy[] s_policies =
    [
        new("plain", "plain", SmartScan: false, Advisor: false),
        new("smart scan", "smart_scan", SmartScan: true, Advisor: false),
        new("advisor", "advisor", SmartScan: false, Advisor: true),
        new("both", "both", SmartScan: true, Advisor: true),
    ];

    private readonly Option<long> _workers = ScenarioOption.Number("--workers", "Workers, beside the controller.", 35, 1, 1000);
    private readonly Option<long> _scale = ScenarioOption.Number(
        "--scale", "Pages of the host for which one of the model stands.", 128, 1, 1 << 20);

    private readonly Option<long> _common = ScenarioOption.Number(
        "--common", "Pages of a process that each other process has as well.", 990, 0, 1 << 20);

    private readonly Option<long> _filler = ScenarioOption.Number(
        "--filler", "Pages of a process that all have one content.", 153, 0, 1 << 20);

    private readonly Option<long> _inherited = ScenarioOption.Number(
        "--inherited", "Pages shared by fork and never written.", 1201, 0, 1 << 20);

    private readonly Option<long> _private = ScenarioOption.Number(
        "--private", "Pages of a process that nobody else has.", 349, 0, 1 << 20);

    private readonly Option<long> _changing = ScenarioOption.Number(
        "--changing", "Pages of a process that change between scans.", 1168, 0, 1 << 20);

    private readonly Option<long> _starting = ScenarioOption.Number(
        "--starting", "Further pages of a worker until the host has started.", 1300, 0, 1 << 20);

    private readonly Option<long> _startMinutes = ScenarioOption.Number("--start-minutes", "Minutes until then.", 30, 0, 10_000);
    private readonly Option<long> _lifetime = ScenarioOption.Number(
        "--lifetime-minutes", "Minutes that a worker lives; 0: for ever.", 24, 0, 100_000);

    private readonly Option<long> _requestMinutes = ScenarioOption.Number(
        "--request-minutes",
        "Minutes after which a worker frees its private and changing pages and has new ones elsewhere; 0: never.", 0, 0, 100_000);

    private readonly Option<long> _changeSeconds = ScenarioOption.Number(
        "--change-seconds", "Seconds from one write of a changing page to the next.", 60, 1, 100_000);

    private readonly Option<long> _minutes = ScenarioOption.Number("--minutes", "Minutes of model time.", 240, 10, 100_000);
    private readonly Option<long> _steadyFrom = ScenarioOption.Number(
        "--steady-from", "Minute from which scans count.", 120, 0, 100_000);

    private readonly Option<long> _pagesToScan = ScenarioOption.Number(
        "--pages-to-scan", "pages_to_scan: fixed, or what the advisor begins with.", 5000, 1, 1 << 30);

    private readonly Option<long> _sleep = ScenarioOption.Number("--sleep-millisecs", "sleep_millisecs.", 20, 1, 1_000_000);
    private readonly Option<long> _target = ScenarioOption.Number(
        "--target-scan-time", "advisor_target_scan_time in seconds.", 200, 1, 100_000);

    private readonly Option<long> _maxCpu = ScenarioOption.Number("--max-cpu", "advisor_max_cpu in percent.", 70, 1, 100);
    private readonly Option<double> _visit = ScenarioOption.Fraction("--visit-ns", "CPU time of a visit.", 230, 0, 1e6);
    private readonly Option<double> _checksum = ScenarioOption.Fraction("--checksum-ns", "CPU time of a checksum.", 287, 0, 1e6);
    private readonly Option<double> _level = ScenarioOption.Fraction(
        "--level-ns", "CPU time of a step down a tree.", 197, 0, 1e6);

    /// <inheritdoc/>
    public string Name => "prefork-workers";

    /// <inheritdoc/>
    public string Summary => "A controller and its forked web workers: smart scan and advisor against the plain scanner.";

    /// <inheritdoc/>
    public IReadOnlyList<Option> Options =>
    [
        _workers, _scale, _common, _filler, _inherited, _private, _changing, _starting, _startMinutes, _lifetime, _requestMinutes, _changeSeconds,
        _minutes, _steadyFrom, _pagesToScan, _sleep, _target, _maxCpu, _visit, _checksum, _level,
    ];

    /// <inheritdoc/>
    public ScenarioReport Run(ParseResult options, ulong seed)
    {
        PreforkWorkload workload = Workload(options);
        KsmdSettings settings = new(
            options.GetValue(_pagesToScan), options.GetValue(_sleep), options.GetValue(_target), options.GetValue(_maxCpu),
            new KsmdCost(options.GetValue(_visit), options.GetValue(_checksum), options.GetValue(_level)));
        if (workload.PagesOfAProcess == 0)
        {
            throw new ToolException(ExitCode.BadInput, $"scenario {Name}: processes have no page.");
        }

        TimeSpan steadyFrom = TimeSpan.FromMinutes(options.GetValue(_steadyFrom));
        PolicyFigures[] figures =
        [
            .. s_policies.Select(policy => new PolicyFigures(
                PreforkRun.Perform(workload, policy, settings, TimeSpan.FromMinutes(options.GetValue(_minutes)), seed),
                steadyFrom,
                workload.Scale)),
        ];
        return figures.Any(policy => policy.Scans == 0)
            ? throw new ToolException(
                ExitCode.BadInput,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"scenario {Name}: no scan ended after minute {steadyFrom.TotalMinutes}; --minutes must be more, or --steady-from less."))
            : new ScenarioReport { Tables = [TableOf(figures)], Notes = Notes(workload, settings) };
    }

    private static ScenarioTable TableOf(PolicyFigures[] figures)
    {
        ScenarioTable table = new(
            "policies",
            "Averages of the steady state, in pages of the host",
            [
                new("figure", "", IsFigure: false),
                .. s_policies.Select(policy => new ScenarioColumn(policy.Key, policy.Name)),
                new("both_to_plain", "both to plain"),
                new("both_to_advisor", "both to advisor"),
                new("published", "published", IsFigure: false),
            ]);
        void Row(string what, Func<PolicyFigures, double> figure, int decimals, string published, string unit = "", double shown = 1)
        {
            double[] values = [.. figures.Select(figure)];
            table.Add(
            [
                what, .. values.Select(value => ScenarioCell.Of(value * shown, decimals, unit)),
                ScenarioCell.Change(values[0], values[3]), ScenarioCell.Change(values[2], values[3]), published,
            ]);
        }

        Row("pages scanned a scan", f => f.Scanned, 0, "over 20 M to less than 15 M: -25 %");
        Row("pages skipped a scan", f => f.Skipped, 0, "");
        Row("seconds of a scan", f => f.ScanSeconds, 1, "");
        Row("ksmd CPU seconds a scan", f => f.CpuSeconds, 1, "");
        Row("ksmd CPU, of one CPU", f => f.CpuShare, 1, "-25 %", " %", shown: 100);
        Row("pages_to_scan, highest", f => f.HighestPagesToScan, 0, "");
        Row("pages_to_scan, steady", f => f.PagesToScan, 0, "about 40 % of the highest");
        Row("pages_shared", f => f.Counter(c => c.PagesShared), 0, "129,547");
        Row("pages_sharing", f => f.Counter(c => c.PagesSharing), 0, "5,119,146; 4 to 5 M is common");
        Row("pages_sharing / pages_shared", f => f.Counter(c => c.PagesSharing) / f.Counter(c => c.PagesShared), 1, "39.5");
        Row("pages_unshared", f => f.Counter(c => c.PagesUnshared), 0, "1,760,924 (no smart scan)");
        Row("pages_volatile", f => f.Counter(c => c.PagesVolatile), 0, "10,761,341 (no smart scan)");
        Row("stable_node_chains", f => f.Counter(c => c.StableNodeChains), 0, "167");
        Row("stable_node_dups", f => f.Counter(c => c.StableNodeDups), 0, "2,751");
        return table;
    }

    private static string[] Notes(PreforkWorkload workload, KsmdSettings settings) =>
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"{workload.Workers + 1} processes of {workload.PagesOfAProcess:N0} pages, each for {workload.Scale} of the host: "
            + $"{workload.Pages * workload.Scale:N0} candidate pages, and "
            + $"{(long)workload.Workers * workload.Starting * workload.Scale:N0} more while the host starts."),
        "Numbers of pages follow from the counters published with Linux commit d7597f59d1d3 (Instagram's web tier, 64 GiB, no smart "
            + "scan yet); smart scan and advisor were published with 5e924ff54d08 and 4e5fa4f5eff6. The README of Scenarios says how, and "
            + "which numbers are assumed.",
        string.Create(
            CultureInfo.InvariantCulture,
            $"CPU time is modelled: {settings.Cost.VisitNanoseconds} ns a visit, skipped pages too, "
            + $"{settings.Cost.ChecksumNanoseconds} ns a checksum, "
            + $"{settings.Cost.LevelNanoseconds} ns a step down a tree; by default as fitted to ksmd of Linux 6.18 on an AMD EPYC 9004."),
    ];

    private PreforkWorkload Workload(ParseResult options) => new()
    {
        Workers = (int)options.GetValue(_workers),
        Scale = (int)options.GetValue(_scale),
        Common = (int)options.GetValue(_common),
        Filler = (int)options.GetValue(_filler),
        Inherited = (int)options.GetValue(_inherited),
        Private = (int)options.GetValue(_private),
        Changing = (int)options.GetValue(_changing),
        Starting = (int)options.GetValue(_starting),
        ChangeSeconds = options.GetValue(_changeSeconds),
        StartSeconds = 60 * options.GetValue(_startMinutes),
        LifetimeSeconds = 60 * options.GetValue(_lifetime),
        RequestSeconds = 60 * options.GetValue(_requestMinutes),
    };
}
