using FastKsm.Perf.Versus.Access;
using FastKsm.Perf.Versus.Rmap;
using FastKsm.Perf.Versus.Rows;
using FastKsm.Perf.Versus.Swap;
using FastKsm.Simd;
using FastKsm.Swapping;

namespace FastKsm.Perf.Versus;

/// <summary>Every row there is, in the order of the report.</summary>
internal static class VersusRows
{
    private const int MillionPages = 1 << 20;
    private const int MillionVmas = 1_000_000;
    private const long Tebibyte = 1 << 28;

    // As in the measurements published with the kernel's change.
    private const int ManyVmas = 20_000;

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
        new EvaluateLargeRow(),
        new ScanRow("scan.unique", goal: 15, ScanKind.Steady, MillionPages, contents: MillionPages),
        new ScanRow("scan.merging", goal: 5, ScanKind.Merging, MillionPages / 4, contents: MillionPages / 16),
        new ScanRow("scan.merged", goal: 5, ScanKind.Steady, MillionPages, contents: MillionPages / 128),
        new RmapNodesRow("rmap.nodes.20k", goal: 1000, ManyVmas, items: 1),
        new RmapNodesRow("rmap.nodes.20k.256", goal: 1000, ManyVmas, RmapLayout.MostItems),
        new RmapHoldRow("rmap.hold.20k", goal: 100, ManyVmas, items: 1, RmapPeer.Unpruned),
        new RmapHoldRow("rmap.hold.20k.256", goal: 100, ManyVmas, RmapLayout.MostItems, RmapPeer.Unpruned),
        new RmapHoldRow("rmap.hold.20k.linux-tree", goal: 1000, ManyVmas, items: 1, RmapPeer.LinuxTree),
        new RmapHoldRow("rmap.hold.20k.256.linux-tree", goal: 1000, ManyVmas, RmapLayout.MostItems, RmapPeer.LinuxTree),
        new RmapHoldRow("rmap.hold.one", goal: 1, vmas: 1, items: 1, RmapPeer.Unpruned),
        new RmapScaleRow("rmap.hold.scale", goal: 3, MillionVmas, ManyVmas),
        new RmapWriterRow("rmap.writer.1m", goal: 1, MillionVmas, walks: true),
        new RmapWriterRow("rmap.writer.1m.idle", goal: 1, MillionVmas, walks: false),
        new RmapPageOutRow("rmap.pageout.20k", goal: 50, ManyVmas),
        new RmapPageOutRow("rmap.pageout.one", goal: 1, vmas: 1),
        new RmapUpdateRow("rmap.update.1m", goal: 1, MillionVmas, promised: 2000),
        new RmapUpdateRow("rmap.update.1m.linux-tree", goal: 1, MillionVmas, promised: null),
        new SwapBytesRow("swap.static.faithful", SwapLayoutKind.Faithful, Tebibyte, promised: 0.09375, SwapBytesRow.Reserved),
        new SwapBytesRow("swap.static.compact", SwapLayoutKind.Compact, Tebibyte, promised: 0.047, SwapBytesRow.Reserved),
        new SwapBytesRow("swap.idle.compact", SwapLayoutKind.Compact, Tebibyte, promised: 0.001, SwapBytesRow.Resident),
        new SwapBytesRow("swap.sparse.compact", SwapLayoutKind.Compact, 16 * MillionPages, promised: 96, SwapBytesRow.OneEach),
        new SwapRateRow("swap.alloc.batch", Compact, peer: null, promised: 30, work => work.Allocate()),
        new SwapRateRow("swap.alloc.batch.legacy", Compact, Legacy, promised: 0, work => work.Allocate()),
        new SwapRateRow("swap.life", Compact, peer: null, promised: 10, work => work.Live(1)),
        new SwapRateRow("swap.life.legacy", Compact, Legacy, promised: 0, work => work.Live(1)),
        new SwapRateRow("swap.life.faithful", Faithful, Legacy, promised: 0, work => work.Live(1)),
        new SwapThreadsRow("swap.life.two", goal: 1.6, CompactApart),
        new SwapThreadsRow("swap.life.two.linux-order", goal: 0.8, Compact),
        new TlbAccessRow("access.address", goal: 1.2, pages: 64),
        new TlbAccessRow("access.l2", goal: 4, pages: 1024),
        new MergeFlushesRow("tlb.merge.flushes", pages: 1024),
        new FaceRow("access.read.8", goal: 1.8, "read.8"),
        new FaceRow("access.write.8", goal: 1.8, "write.8"),
        new FaceRow("access.read.64", goal: 2.2, "read.64"),
        new FaceRow("access.write.64", goal: 2.2, "write.64"),
        new FaceRow("access.miss", goal: 15, "miss"),
        new KillRow("tlb.kill", goal: 10, AccessFence.ProcessWideBarrier),
        new KillRow("tlb.kill.fences", goal: 10, AccessFence.FullFence),
        new BaselineRow("face.read.8", goal: 0.6, "read.8"),
        new BaselineRow("face.write.8", goal: 0.6, "write.8"),
        new BaselineRow("face.touch", goal: 1, "touch"),
        new BaselineRow("face.copy", goal: 1, "copy"),
        new BaselineRow("face.fork", goal: 1, "fork"),
        new BaselineRow("face.unmap", goal: 1, "unmap"),
        new BaselineRow("face.scan", goal: 1, "scan"),
    ];

    private static SwapWork<CompactLayout> Compact(int slots) => new(slots);

    // For several CPUs: each refills clusters of its own first.
    private static SwapWork<CompactLayout> CompactApart(int slots) => new(slots, keepsClustersApart: true);

    private static SwapWork<FaithfulLayout> Faithful(int slots) => new(slots);

    private static SwapWork<LegacyLayout> Legacy(int slots) => new(slots);

    // The path that the engine takes here.
    private static IVersusRow ChecksumHot()
    {
        const string Id = "checksum.hot";
        return InstructionSets.WhyAvx512IsOut is null ? new ChecksumHotRow<ChecksumLane512>(Id, outOfReach: null)
            : InstructionSets.WhyAvx2IsOut is null ? new ChecksumHotRow<ChecksumLane256>(Id, outOfReach: null)
            : new ChecksumHotRow<ChecksumLane128>(Id, outOfReach: null);
    }
}
