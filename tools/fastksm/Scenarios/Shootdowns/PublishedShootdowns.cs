using System;
using System.Linq;

namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>Figures that others have published, beside the rows that do the like.</summary>
internal static class PublishedShootdowns
{
    /// <summary>The table.</summary>
    internal static ScenarioTable Table(ShootdownFigures[] rows)
    {
        ScenarioTable table = new(
            "published",
            "How many times less: published, and here",
            new("what", "what", IsFigure: false),
            new("before", "before"),
            new("after", "after"),
            new("published_factor", "published"),
            new("factor", "here"),
            new("source", "source", IsFigure: false));
        ShootdownFigures sync1 = Find(rows, run: 1);
        Add(
            table, "interrupts/s, 1 page against runs of 32", 900_000, 180_000, sync1, Find(rows, run: 32), Interrupts,
            "Linux 4.3, patch series v6");
        Add(
            table, "interrupts/s, 1 page against runs of 500", 900_000, 60_000, sync1, Find(rows, run: 500), Interrupts,
            "its first series, dropped");
        Add(
            table, "interrupts, migration in batches of 512, %", 100, 0.9, Find(rows, run: 1, TakeAway.Migrate),
            Find(rows, run: 0, TakeAway.Migrate), Interrupts, "Linux 6.3, 7e12beb8ca2a");
        Add(
            table, "% of CPU time in flushes, INVLPGB", 40, 4, sync1, Find(rows, run: 1, kind: ShootdownKind.Invlpgb),
            Cycles, "van Riel, Dec 2024: 36-core Milan");
        Add(
            table, "us an operation (1/ops), 128 threads, arm64 local", 1e6 / 1315, 1e6 / 8257,
            Find(rows, run: 1, kind: ShootdownKind.ArmBroadcast, crew: Crew.One),
            Find(rows, run: 1, kind: ShootdownKind.ArmLocal, crew: Crew.One),
            Cycles, "arm64 local TLBI series, 2026");
        return table;
    }

    private static void Add(
        ScenarioTable table,
        string what,
        double before,
        double after,
        ShootdownFigures oneByOne,
        ShootdownFigures other,
        Func<ShootdownFigures, double> figure,
        string source) => table.Add(
            what,
            ScenarioCell.Of(before, before < 1000 ? 1 : 0),
            ScenarioCell.Of(after, after < 1000 ? 1 : 0),
            ScenarioCell.Of(before / after, 1),
            figure(other) == 0 ? "-" : ScenarioCell.Of(figure(oneByOne) / figure(other), 1),
            source);

    private static double Interrupts(ShootdownFigures row) => row.Spent.Interrupts;

    private static double Cycles(ShootdownFigures row) => row.InitiatorCycles;

    private static ShootdownFigures Find(
        ShootdownFigures[] rows,
        int run,
        TakeAway how = TakeAway.Unmap,
        ShootdownKind kind = ShootdownKind.X86Interrupts,
        Crew crew = Crew.All) => rows.First(row =>
            row.Policy.How == how && row.Policy.Run == run && row.Policy.Kind == kind && row.Policy.Crew == crew);
}
