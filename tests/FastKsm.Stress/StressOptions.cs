using System;
using System.Globalization;
using FastKsm.Tlb;

namespace FastKsm.Stress;

/// <summary>How much is done, and in which machine.</summary>
internal sealed record StressOptions
{
    /// <summary>Seed of all random numbers.</summary>
    internal ulong Seed { get; init; } = 1;

    /// <summary>Operations of all drivers together.</summary>
    internal long Operations { get; init; } = 1_000_000;

    /// <summary>Machines, one after another, each with its part of the operations.</summary>
    internal int Phases { get; init; } = 4;

    /// <summary>A fault that is planted.</summary>
    internal PlantedBug Bug { get; init; }

    /// <summary>Whether ksmd, migrator and pager work beside the drivers.</summary>
    internal bool HasBackground { get; init; } = true;

    /// <summary>Time without an operation after which the run counts as hanging.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether the environment asks for a long run.</summary>
    internal static bool IsLong => Environment.GetEnvironmentVariable("FASTKSM_STRESS") is not null;

    /// <summary>
    /// What the environment asks for (FASTKSM_STRESS operations, FASTKSM_SEED, FASTKSM_PHASES, FASTKSM_BUG).
    /// </summary>
    /// <param name="operations">Operations if it does not say.</param>
    internal static StressOptions FromEnvironment(long operations) => new()
    {
        Operations = Number("FASTKSM_STRESS", operations),
        Seed = (ulong)Number("FASTKSM_SEED", 1),
        Phases = (int)Number("FASTKSM_PHASES", 4),
        Bug = Enum.TryParse(Environment.GetEnvironmentVariable("FASTKSM_BUG"), out PlantedBug bug) ? bug : default,
    };

    private static long Number(string name, long otherwise) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out long value)
            ? value
            : otherwise;
}
