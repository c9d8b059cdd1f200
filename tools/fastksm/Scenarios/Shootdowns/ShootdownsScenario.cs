using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;

namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>
/// What it costs to make other CPUs forget pages: one at a time, in runs, by one gather, and without interrupts.
/// </summary>
internal sealed class ShootdownsScenario : IScenario
{
    // 4,072.56 s of system time (batched) for files of 10 times 64 GB: 24 us for a page of 4 KiB, at 2.5 GHz.
    private const int DefaultWork = 60_000;

    private static readonly string[] s_notes =
    [
        "A process runs on all CPUs, each of which has read all its pages; the first takes them away. "
            + "Cycles are the cost model's, of a two-socket Xeon on bare metal. One thread drives all CPUs in "
            + "turn, so no request meets one under way, and each takes an interrupt.",
        "Interrupts a second: the first CPU takes pages away without a pause, with --work cycles of other "
            + "work for each. 60,000 is what batched reclaim spent on a page where the published interrupts were "
            + "counted: 4,072.56 s of system time for files of 10 times 64 GB. Speed-up is with that work too, "
            + "against the row of 1 page a call. Time lost: cycles of flushes and of handlers, of the time of all "
            + "CPUs that run the process.",
        "Useful: handlers that found a translation to remove. A second-level TLB holds 1,536; of what was "
            + "read before them, CPUs are told in vain. munmap's first freed page table makes its flush a full "
            + "one, after which nothing is left to remove.",
        "Idle CPUs are told when page tables are freed, and by a paravirtual host when they run again. "
            + "INVLPGB interrupts until the address space has a global ASID. arm64 local differs from broadcast "
            + "for a process that has run on one CPU only.",
        "The published machine (Linux 4.3's patches; case-lru-file-mmap-read, 4 sockets, 48 CPUs, files of "
            + "10 times the memory) took some one interrupt a page, where a process on all CPUs takes one for "
            + "each other CPU. Factors compare, interrupts a second do not. Reclaim fills batches of 32 by a "
            + "third only, so 5 was published and not 32.",
        "Linux 4.3 merged the full flush a batch of 32 (180,000); lists of 500 pages (60,000) were in the "
            + "first series only, and were dropped.",
    ];

    private readonly Option<long> _cpus = ScenarioOption.Number("--cpus", "CPUs that run the process.", 48, 1, 1024);
    private readonly Option<long> _pages = ScenarioOption.Number(
        "--pages", "Pages that are taken away.", 20_000, 1, 1 << 22);

    private readonly Option<double> _ghz = ScenarioOption.Fraction("--ghz", "Clock of the CPUs.", 2.5, 0.1, 10);
    private readonly Option<long> _work = ScenarioOption.Number(
        "--work", "Cycles of other work for each page that is taken away.", DefaultWork, 0, 1_000_000_000);

    private readonly Option<string> _plot = ScenarioOption.Text(
        "--plot", "File to which the table is drawn, as SVG.", "FILE");

    /// <inheritdoc/>
    public string Name => "shootdowns";

    /// <inheritdoc/>
    public string Summary =>
        "Pages are taken away from CPUs that use them, one at a time, in runs and at once: interrupts and time lost.";

    /// <inheritdoc/>
    public IReadOnlyList<Option> Options => [_cpus, _pages, _ghz, _work, _plot];

    /// <inheritdoc/>
    public ScenarioReport Run(ParseResult options, ulong seed)
    {
        int cpus = (int)options.GetValue(_cpus);
        int pages = (int)options.GetValue(_pages);
        long work = options.GetValue(_work);
        double ghz = options.GetValue(_ghz);
        ShootdownFigures[] rows = [.. ShootdownPolicy.All.Select(policy => ShootdownRun.Of(policy, cpus, pages))];
        if (options.GetValue(_plot) is { Length: > 0 } file)
        {
            Save(file, ShootdownPlot.Draw(rows, cpus, work, ghz));
        }

        return new ScenarioReport
        {
            Tables = [Table(rows, work, ghz), PublishedShootdowns.Table(rows)],
            Notes =
            [
                .. s_notes,
                .. rows.Where(row => row.Violation is not null).Select(row => $"{row.Policy.Name}: {row.Violation}"),
            ],
        };
    }

    /// <summary>A kind of shootdown in words.</summary>
    internal static string NameOf(ShootdownKind kind) => kind switch
    {
        ShootdownKind.X86Interrupts => "x86",
        ShootdownKind.Paravirtual => "paravirtual",
        ShootdownKind.Invlpgb => "INVLPGB",
        ShootdownKind.ArmBroadcast => "arm64 broadcast",
        _ => "arm64 local",
    };

    /// <summary>CPUs that run the process, in words.</summary>
    internal static string NameOf(Crew crew) => crew switch
    {
        Crew.All => "all",
        Crew.HalfIdle => "half, others idle",
        _ => "one",
    };

    private static ScenarioTable Table(ShootdownFigures[] rows, long work, double ghz)
    {
        ScenarioTable table = new(
            "shootdowns",
            "What other CPUs are told when pages are taken away",
            new("policy", "policy", IsFigure: false),
            new("shootdown", "by", IsFigure: false),
            new("cpus_running", "CPUs", IsFigure: false),
            new("flush_operations", "flushes"),
            new("requests", "requests"),
            new("interrupts", "interrupts"),
            new("receives", "receives"),
            new("useful_receives", "useful"),
            new("interrupts_per_page", "a page"),
            new("initiator_cycles_per_page", "cycles a page"),
            new("stolen_cycles", "stolen cycles"),
            new("interrupts_per_second", "interrupts/s"),
            new("share_lost", "time lost"),
            new("speedup", "speed-up"),
            new("violations", "violations"));
        foreach (ShootdownFigures row in rows)
        {
            double share = row.ShareLost(work);
            table.Add(
                row.Policy.Name,
                NameOf(row.Policy.Kind),
                NameOf(row.Policy.Crew),
                row.Operations,
                row.Spent.Requests,
                row.Spent.Interrupts,
                row.Spent.RemoteFlushReceived,
                row.Spent.UsefulShootdowns,
                ScenarioCell.Of(row.InterruptsPerPage, 3),
                ScenarioCell.Of((double)row.InitiatorCycles / row.Pages, 1),
                row.StolenCycles,
                ScenarioCell.Of(row.InterruptsPerSecond(work, ghz), 0),
                ScenarioCell.Of(share * 100, 2, " %") with { Number = share },
                BaselineOf(row, rows) is { } baseline && row.CyclesPerPage(work) > 0
                    ? ScenarioCell.Of(baseline.CyclesPerPage(work) / row.CyclesPerPage(work), 3)
                    : "-",
                row.Violation is null ? 0 : 1);
        }

        return table;
    }

    // The first row of that name: x86 by interrupts, with all CPUs running the process.
    private static ShootdownFigures? BaselineOf(ShootdownFigures row, ShootdownFigures[] rows) =>
        row.Policy.Baseline is { } name
            ? rows.First(other => string.Equals(other.Policy.Name, name, StringComparison.Ordinal))
            : null;

    private void Save(string file, string svg)
    {
        try
        {
            File.WriteAllText(file, svg);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.BadInput, $"scenario {Name}: --plot {file}: {exception.Message}");
        }
    }
}
