namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>What taking the pages away has cost.</summary>
/// <param name="Policy">How it was done.</param>
/// <param name="Pages">Pages.</param>
/// <param name="Running">CPUs that ran the process.</param>
/// <param name="Spent">What the machine has counted meanwhile.</param>
/// <param name="InitiatorCycles">Cycles of the CPU that did it, for flushes.</param>
/// <param name="StolenCycles">Cycles of all other CPUs, for handlers.</param>
/// <param name="Violation">What the machine's check has found; null for nothing.</param>
internal sealed record ShootdownFigures(
    ShootdownPolicy Policy,
    long Pages,
    int Running,
    TlbStatistics Spent,
    long InitiatorCycles,
    long StolenCycles,
    string? Violation)
{
    /// <summary>Flush operations of both kinds.</summary>
    internal long Operations => Spent.FlushOperations + Spent.BatchOperations;

    /// <summary>Interrupts for each page.</summary>
    internal double InterruptsPerPage => (double)Spent.Interrupts / Pages;

    /// <summary>The initiator's cycles for each page: flushes, and what else there is to do for a page.</summary>
    /// <param name="work">Cycles of other work for a page.</param>
    internal double CyclesPerPage(long work) => work + ((double)InitiatorCycles / Pages);

    /// <summary>Interrupts in a second.</summary>
    /// <param name="work">Cycles of other work for a page.</param>
    /// <param name="ghz">The clock.</param>
    internal double InterruptsPerSecond(long work, double ghz) =>
        Spent.Interrupts == 0 ? 0 : InterruptsPerPage * ghz * 1e9 / CyclesPerPage(work);

    /// <summary>Share of all CPUs' time that flushes and handlers have taken.</summary>
    /// <param name="work">Cycles of other work for a page.</param>
    internal double ShareLost(long work) => InitiatorCycles + StolenCycles == 0
        ? 0
        : (InitiatorCycles + StolenCycles) / (CyclesPerPage(work) * Pages * Running);
}
