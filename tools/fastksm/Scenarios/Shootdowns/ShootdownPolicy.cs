namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>A row of the table: who is told, how, and after how many pages.</summary>
/// <param name="Name">What is done, in words.</param>
/// <param name="How">What is done.</param>
/// <param name="Run">Pages a call; 0 for all of them by one.</param>
/// <param name="Kind">How other CPUs are told.</param>
/// <param name="Crew">Which CPUs run the process.</param>
/// <param name="Baseline">
/// Name of the row that its speed is compared with, the first row of that name; null for none.
/// </param>
internal sealed record ShootdownPolicy(
    string Name,
    TakeAway How,
    int Run,
    ShootdownKind Kind = ShootdownKind.X86Interrupts,
    Crew Crew = Crew.All,
    string? Baseline = null)
{
    private const int Cluster = 32;
    private const int FreeBatch = 31;
    private const int LongList = 500;

    /// <summary>The row that all others are told by.</summary>
    internal const string Sync1 = "munmap, 1 page a call";

    private const string Whole = "munmap, all by one call";
    private const string Moved = "move_pages, 1 page a call";

    /// <summary>The rows, in the order of the table.</summary>
    internal static ShootdownPolicy[] All { get; } =
    [
        new(Sync1, TakeAway.Unmap, 1, Baseline: Sync1),
        new("munmap, 31 pages a call", TakeAway.Unmap, FreeBatch, Baseline: Sync1),
        new("munmap, 32 pages a call", TakeAway.Unmap, Cluster, Baseline: Sync1),
        new("munmap, 500 pages a call", TakeAway.Unmap, LongList, Baseline: Sync1),
        new(Whole, TakeAway.Unmap, 0, Baseline: Sync1),
        new("madvise, 1 page a call", TakeAway.Discard, 1, Baseline: Sync1),
        new("madvise, all by one call", TakeAway.Discard, 0, Baseline: Sync1),
        new(Sync1, TakeAway.Unmap, 1, Crew: Crew.HalfIdle, Baseline: Sync1),
        new(Whole, TakeAway.Unmap, 0, Crew: Crew.HalfIdle, Baseline: Sync1),
        new(Sync1, TakeAway.Unmap, 1, ShootdownKind.Paravirtual, Crew.HalfIdle, Sync1),
        new(Whole, TakeAway.Unmap, 0, ShootdownKind.Paravirtual, Crew.HalfIdle, Sync1),
        new(Sync1, TakeAway.Unmap, 1, ShootdownKind.Invlpgb, Baseline: Sync1),
        new(Whole, TakeAway.Unmap, 0, ShootdownKind.Invlpgb, Baseline: Sync1),
        new(Sync1, TakeAway.Unmap, 1, ShootdownKind.ArmBroadcast, Baseline: Sync1),
        new(Whole, TakeAway.Unmap, 0, ShootdownKind.ArmBroadcast, Baseline: Sync1),
        new(Sync1, TakeAway.Unmap, 1, ShootdownKind.ArmLocal, Baseline: Sync1),
        new(Whole, TakeAway.Unmap, 0, ShootdownKind.ArmLocal, Baseline: Sync1),
        new(Sync1, TakeAway.Unmap, 1, ShootdownKind.ArmBroadcast, Crew.One, Sync1),
        new(Sync1, TakeAway.Unmap, 1, ShootdownKind.ArmLocal, Crew.One, Sync1),
        new(Moved, TakeAway.Migrate, 1, Baseline: Moved),
        new("move_pages, all by one call", TakeAway.Migrate, 0, Baseline: Moved),
        new("fork, then a write to each page", TakeAway.ForkAndWrite, 0),
        new("merging, flushes of each page", TakeAway.Merge, 0),
    ];
}
