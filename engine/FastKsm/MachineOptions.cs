using System;
using System.Numerics;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>What a machine is made of. Checked once, when a machine is made from it.</summary>
public sealed record MachineOptions
{
    private const long MaxFrames = 1L << 28;
    private const int MaxCpus = 4096;
    private const int MaxNodes = 1024;
    private const int SmallestPage = 4096;
    private const int LargestPage = 2 * 1024 * 1024;
    private const int LargestMapCount = 1 << 26;
    private const int FingerprintSize = 16;
    private const int MaxHashingThreads = 256;
    private const int MaxZeroPageColours = 1024;

    /// <summary>Page frames that processes can use; 1 to 2^28, at least one for each node.</summary>
    public long Frames { get; init; } = 65536;

    /// <summary>CPUs; 1 to 4096. CPUs are spread over the nodes in equal runs.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>
    /// CPU on which the machine's own threads run, ksmd and memory hot-remove: 0 to <see cref="Cpus"/> - 1. Frames that they free go to
    /// its cache, frames that they take come from its node first, and flushes that they make are local there. No thread drives it
    /// for that: it may run a process at the same time.
    /// </summary>
    public int BackgroundCpu { get; init; }

    /// <summary>
    /// NUMA nodes; 1 to 1024. Frames are spread over them in equal runs, the last takes the remainder.
    /// </summary>
    public int Nodes { get; init; } = 1;

    /// <summary>Bytes in a page: 4096, 16384, 65536 or 2097152.</summary>
    public int PageSize { get; init; } = SmallestPage;

    /// <summary>Whether frames keep every byte or a fingerprint.</summary>
    public FrameContent Content { get; init; } = FrameContent.Page;

    /// <summary>
    /// Zero frames, of which an address has the one of its colour, the low bits of its page number; a power of two, 1 to 1024.
    /// Linux has 1 on x86 and Arm, 8 on MIPS R4000SC, 4 (z10) to 128 (z13 and later) on s390.
    /// </summary>
    public int ZeroPageColours { get; init; } = 1;

    /// <summary>
    /// Whether a read of untouched private memory maps a zero frame. Kernels on which the mm forbids the zero page take a new frame
    /// instead: s390 hosts for their guests, and x86 guests of some hypervisors. Merging maps zero frames either way.
    /// </summary>
    public bool ZeroFrameReads { get; init; } = true;

    /// <summary>
    /// Whether pages of zeroes are mapped to a zero frame when their huge page is taken apart, as by Linux from 6.12 on, but not
    /// where the mm forbids the zero page.
    /// </summary>
    public bool ZeroFrameSplits { get; init; } = true;

    /// <summary>Mappings that one address space may have (<c>vm.max_map_count</c>); 1 to 2^26.</summary>
    public int MaxMapCount { get; init; } = 65530;

    /// <summary>
    /// How equal contents are found. Both kinds show the same counters while contents change only between scans.
    /// </summary>
    public MergeIndexKind Index { get; init; } = MergeIndexKind.Fingerprint;

    /// <summary>Which VMAs a reverse-map walk over a merged frame looks at.</summary>
    public Pruning Pruning { get; init; } = Pruning.PageIndex;

    /// <summary>
    /// Nodes after which a reverse-map walk lets go of its lock for a moment, so that others may have it; 0 for never, as
    /// Linux.
    /// </summary>
    public int WalkNodesPerHold { get; init; }

    /// <summary>
    /// Threads that take checksums while ksmd scans, the scanning one among them; 1 to 256. What a scan does is the
    /// same with any.
    /// </summary>
    public int HashingThreads { get; init; } = 1;

    /// <summary>How merging makes CPUs forget the pages that it protects and replaces: as Linux, or beyond it.</summary>
    public MergeFlushes MergeFlushes { get; init; } = MergeFlushes.EachPage;

    /// <summary>What merging remembers about a page that leaves the stable tree.</summary>
    public ItemOverlay ItemOverlay { get; init; } = ItemOverlay.Linux618;

    /// <summary>
    /// The time that merging goes by; null for a <see cref="ModelClock"/> that stands still until it is advanced.
    /// </summary>
    public TimeProvider? ModelTime { get; init; }

    /// <summary>How CPUs remember translations, and how they are made to forget them.</summary>
    public TlbOptions Tlb { get; init; } = new();

    /// <summary>Bytes stored for each frame: the page size, or 16 for a fingerprint.</summary>
    public int ContentSize => Content == FrameContent.Page ? PageSize : FingerprintSize;

    /// <summary>Throws for the first option that is out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message says which.</exception>
    internal void Validate()
    {
        Require(Tlb is not null, nameof(Tlb), "null", "the options of TLBs");
        Tlb!.Validate();
        Require(Nodes is >= 1 and <= MaxNodes, nameof(Nodes), Nodes, $"1 to {MaxNodes}");
        Require(Frames >= Nodes && Frames <= MaxFrames, nameof(Frames), Frames, $"{Nodes} to {MaxFrames}");
        Require(Cpus is >= 1 and <= MaxCpus, nameof(Cpus), Cpus, $"1 to {MaxCpus}");
        Require(BackgroundCpu >= 0 && BackgroundCpu < Cpus, nameof(BackgroundCpu), BackgroundCpu, $"0 to {Cpus - 1}");
        Require(
            PageSize is SmallestPage or 16384 or 65536 or LargestPage, nameof(PageSize), PageSize,
            "4096, 16384, 65536 or 2097152");
        Require(
            Content is FrameContent.Page or FrameContent.Fingerprint, nameof(Content), Content, "Page or Fingerprint");
        Require(
            Index is MergeIndexKind.Fingerprint or MergeIndexKind.ContentTree, nameof(Index), Index,
            "Fingerprint or ContentTree");
        Require(Pruning is Pruning.PageIndex or Pruning.FullRange, nameof(Pruning), Pruning, "PageIndex or FullRange");
        Require(WalkNodesPerHold >= 0, nameof(WalkNodesPerHold), WalkNodesPerHold, "0 or more");
        Require(
            ItemOverlay is ItemOverlay.Linux618 or ItemOverlay.Linux2026, nameof(ItemOverlay), ItemOverlay, "Linux618 or Linux2026");
        Require(
            MergeFlushes is MergeFlushes.EachPage or MergeFlushes.Batched, nameof(MergeFlushes), MergeFlushes, "EachPage or Batched");
        Require(
            HashingThreads is >= 1 and <= MaxHashingThreads, nameof(HashingThreads), HashingThreads, $"1 to {MaxHashingThreads}");
        Require(
            ZeroPageColours is >= 1 and <= MaxZeroPageColours && BitOperations.IsPow2(ZeroPageColours), nameof(ZeroPageColours),
            ZeroPageColours, $"a power of two, 1 to {MaxZeroPageColours}");
        Require(
            MaxMapCount is >= 1 and <= LargestMapCount, nameof(MaxMapCount), MaxMapCount, $"1 to {LargestMapCount}");
    }

    /// <summary>Binary logarithm of the page size.</summary>
    internal int PageShift => BitOperations.Log2((uint)PageSize);

    private static void Require(bool holds, string option, object value, string range)
    {
        if (!holds)
        {
            Throw.OutOfRange(option, value, range);
        }
    }
}
