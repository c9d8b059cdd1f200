using FastKsm.Perf.Versus.Rows;
using FastKsm.Simd;

namespace FastKsm.Perf.Versus;

/// <summary>Every row there is, in the order of the report.</summary>
internal static class VersusRows
{
    private const int MillionPages = 1 << 20;

    internal static IVersusRow[] All =>
    [
        ChecksumHot(),
        new ChecksumHotRow<ChecksumLane256>("checksum.hot.avx2", InstructionSets.WhyAvx2IsOut),
        new ChecksumHotRow<ChecksumLane256>(
            "checksum.hot.avx2-both", InstructionSets.WhyAvx2IsOut, define: "XXH_VECTOR=XXH_AVX2"),
        new ChecksumColdRow(),
        new CompareRow("compare.equal", firstDifference: -1),
        new CompareRow("compare.late", firstDifference: PageBuffer.PageBytes - 3),
        new ZeroRow(),
        new EvaluateRow("evaluate", goal: 0.75, keepsCopy: true),
        new EvaluateRow("evaluate.discard", goal: 0.55, keepsCopy: false),
        new ScanRow("scan.unique", goal: 15, ScanKind.Steady, MillionPages, contents: MillionPages),
        new ScanRow("scan.merging", goal: 5, ScanKind.Merging, MillionPages / 4, contents: MillionPages / 16),
        new ScanRow("scan.merged", goal: 5, ScanKind.Steady, MillionPages, contents: MillionPages / 128),
    ];

    // The path that the engine takes here.
    private static IVersusRow ChecksumHot()
    {
        const string Id = "checksum.hot";
        return InstructionSets.WhyAvx512IsOut is null ? new ChecksumHotRow<ChecksumLane512>(Id, outOfReach: null)
            : InstructionSets.WhyAvx2IsOut is null ? new ChecksumHotRow<ChecksumLane256>(Id, outOfReach: null)
            : new ChecksumHotRow<ChecksumLane128>(Id, outOfReach: null);
    }
}
