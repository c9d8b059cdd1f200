using System;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Which pages Linux would copy for their process if they were pinned, although they are mapped once: parts of a large folio that fork
/// has shared.</summary>
/// <remarks>
/// A pin needs a page that belongs to one process alone (PageAnonExclusive), and fork takes that mark away. For a page of its own that has
/// one mapping left, Linux just sets the mark again. For a part of a large folio it makes a copy, unless the folio has no reference
/// but those mappings, and the pins of other pages in the same call are such references. So pinning a huge page of a server that
/// has forked its workers breaks it into pages and copies those that are left to it (seen on Linux 6.18). pagemap does not tell such
/// pages: it calls a huge page that is mapped as a whole mapped once, even where others map parts of it.
/// A folio's addresses agree with its frame numbers modulo its size, so only pages whose do are asked about.
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed class PinRisk
{
    private const int BlockShift = 6;
    private const int BlockLength = 1 << BlockShift;
    private const ulong None = ulong.MaxValue;
    private const ulong HugePageBytes = 2 << 20;

    private readonly FrameFlags _frames;
    private readonly bool _tellsExclusive;
    private readonly FolioSizes _sizes;
    private readonly ulong[] _flags = new ulong[BlockLength];
    private readonly PagemapScan _scan = new();
    private readonly ulong _hugePagePages = Math.Max(HugePageBytes / (ulong)Environment.SystemPageSize, 1);
    private ulong _block = None;
    private ulong _stretch = None;
    private LiveProcess? _process;
    private bool _isMappedWhole;

    /// <param name="frames">What the host says about frames.</param>
    /// <param name="tellsExclusive">Whether it tells the pages that belong to one process alone.</param>
    /// <param name="sizes">The folios that this host gives to anonymous memory.</param>
    internal PinRisk(FrameFlags frames, bool tellsExclusive, FolioSizes sizes)
    {
        _frames = frames;
        _tellsExclusive = tellsExclusive;
        _sizes = sizes;
    }

    /// <summary>Begins a batch: what was read of frames is forgotten.</summary>
    internal void Begin()
    {
        _block = None;
        _stretch = None;
    }

    /// <summary>Whether a page that is mapped once would be copied if it were pinned; true also where that cannot be told.</summary>
    /// <param name="process">Its process.</param>
    /// <param name="hugeBytes">How much of its VMA lies in huge pages that are mapped as such.</param>
    /// <param name="address">Its address.</param>
    /// <param name="entry">Its entry of pagemap.</param>
    internal bool Of(LiveProcess process, ulong hugeBytes, ulong address, PagemapEntry entry)
    {
        if (entry.Frame == 0 || !_frames.IsAvailable || !_tellsExclusive)
        {
            return hugeBytes > 0 || _sizes.SmallestPages > 0;
        }

        ulong number = address / (ulong)Environment.SystemPageSize;
        ulong alignment = _sizes.SmallestPages > 0 ? _sizes.SmallestPages : _hugePagePages;
        if (((entry.Frame ^ number) & (alignment - 1)) != 0)
        {
            return false;
        }

        ulong flags = Flags(entry.Frame);
        if (!(FrameFlags.IsHead(flags) || FrameFlags.IsTail(flags)) || FrameFlags.IsExclusive(flags))
        {
            return false;
        }

        // Of a huge page that is mapped as a whole, only the first page has the mark.
        return !(FrameFlags.IsTail(flags)
            && ((entry.Frame ^ number) & (_hugePagePages - 1)) == 0
            && IsMappedWhole(process, address)
            && FrameFlags.IsExclusive(Flags(entry.Frame & ~(_hugePagePages - 1))));
    }

    private bool IsMappedWhole(LiveProcess process, ulong address)
    {
        ulong start = address & ~(HugePageBytes - 1);
        if (start != _stretch || !ReferenceEquals(process, _process))
        {
            HugeVisitor visitor = default;
            _ = _scan.Visit(process.Pagemap!, start, start + HugePageBytes, ref visitor);
            (_stretch, _process, _isMappedWhole) = (start, process, visitor.HugePages == (long)_hugePagePages);
        }

        return _isMappedWhole;
    }

    private ulong Flags(ulong frame)
    {
        if (frame >> BlockShift != _block)
        {
            _block = frame >> BlockShift;
            _frames.Read(_block << BlockShift, _flags);
        }

        return _flags[frame & (BlockLength - 1)];
    }

    private struct HugeVisitor : PagemapScan.IRunVisitor
    {
        internal long HugePages { get; private set; }

        public void Found(ulong start, long pageCount, bool isHuge) => HugePages += isHuge ? pageCount : 0;
    }
}
