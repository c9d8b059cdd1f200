using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Scenarios.ZeroColours;

/// <summary>The caches of a real CPU.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Description">What it is, and where its figures come from.</param>
/// <param name="Levels">Its data caches, the first level first.</param>
/// <param name="MemoryCycles">Cycles of a load that no level has.</param>
/// <param name="Gigahertz">Cycles in a nanosecond.</param>
internal sealed record CacheModel(
    string Name, string Description, IReadOnlyList<CacheLevel> Levels, int MemoryCycles, double Gigahertz)
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;

    /// <summary>Those whose figures are known here.</summary>
    internal static IReadOnlyList<CacheModel> All { get; } =
    [
        // IBM Journal of Research and Development 53(1), January 2009, the z10 issue; Cachegrind's defaults for s390x are these. A
        // way of the first level is 16 KiB, four pages: Linux made four zero pages on z10 (arch/s390/mm/init.c: order 2).
        new(
            "z10",
            "IBM System z10, 4.4 GHz: first level indexed by virtual address, 16 KiB a way, hence 4 colours. Sizes: IBM J. Res. & Dev. "
                + "53(1), 2009; cycles beyond the first level are assumed",
            [
                new("L1", 128 * KiB, 8, 256, 4, IsVirtuallyIndexed: true),
                new("L1.5", 3 * MiB, 12, 256, 14, IsVirtuallyIndexed: false),
                new("L2", 24 * MiB, 24, 256, 60, IsVirtuallyIndexed: false),
            ],
            400,
            4.4),

        // AMD, Software Optimization Guide for the Zen 4 Microarchitecture (57647): 4, 14 and about 50 cycles. A way of the first
        // level is one page, so that virtual and physical index are the same.
        new(
            "zen4",
            "AMD EPYC 9004 (Zen 4), 3.7 GHz: every level indexed by physical address. Sizes and cycles: AMD publication 57647; memory "
                + "assumed at 110 ns",
            [
                new("L1", 32 * KiB, 8, 64, 4, IsVirtuallyIndexed: false),
                new("L2", 1 * MiB, 8, 64, 14, IsVirtuallyIndexed: false),
                new("L3", 32 * MiB, 16, 64, 50, IsVirtuallyIndexed: false),
            ],
            400,
            3.7),
    ];

    /// <summary>Names of those that are known, with all of them first.</summary>
    internal static string[] Choices => ["all", .. All.Select(cpu => cpu.Name)];

    /// <summary>Those that a choice means.</summary>
    internal static IEnumerable<CacheModel> Of(string choice) =>
        All.Where(cpu => choice is "all" || string.Equals(cpu.Name, choice, StringComparison.Ordinal));
}
