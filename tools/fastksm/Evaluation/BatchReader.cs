using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.Cli.Evaluation.Inspection;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Simd;

namespace FastKsm.Cli.Evaluation;

/// <summary>Reads batches of pages and writes their records: one per reading thread, with its own bounded buffers.</summary>
/// <remarks>
/// Pages are copied into a buffer of bounded size and hashed there. Which way a page is copied is decided
/// page by page (see <see cref="ProcessMemory"/>): mapped once, no KSM page, no part of a folio that fork has shared
/// (<see cref="PinRisk"/>), no handler of faults in the process → process_vm_readv, all others by reference. A page that went between being found and being read is told afterwards: it
/// reads as zeroes, or as the file behind it, and pagemap then shows another page there or none.
/// Thread safety: one thread at a time; several readers may work at once.
/// </remarks>
internal sealed unsafe partial class BatchReader : IDisposable
{
    // 2 MiB. Larger than a second-level cache, yet faster with hashing than any smaller copy that was measured (64 KiB
    // to 2 MiB): what a call costs outweighs what the third-level cache adds.
    private const int PagesPerCopy = 512;

    private readonly PageRecordTable _table;
    private readonly EvaluationContext _context;
    private readonly PagemapScan _scan = new();
    private readonly PinRisk _pinRisk;
    private readonly int _pageSize = Environment.SystemPageSize;
    private readonly byte* _buffer;
    private readonly ulong[] _entries = new ulong[PageBatch.Capacity];
    private readonly ulong[] _addresses = new ulong[PageBatch.Capacity];
    private readonly int[] _vmas = new int[PageBatch.Capacity];
    private readonly sbyte[] _nodes = new sbyte[PageBatch.Capacity];
    private readonly bool[] _isKsm = new bool[PageBatch.Capacity];
    private readonly LinuxNative.IoVector[] _pieces = new LinuxNative.IoVector[PagesPerCopy];
    private readonly List<int> _exclusive = new(PagesPerCopy);
    private readonly List<int> _shared = new(PagesPerCopy);
    private readonly List<int> _zero = new(PageBatch.Capacity);
    private readonly List<KsmCandidate> _candidates = [];
    private readonly IPageInspector[] _inspectors;
    private readonly ulong[] _entriesAgain = new ulong[PagesPerCopy];
    private LiveProcess _process = null!;
    private int _firstOrdinal;
    private bool _isSecondLook;

    internal BatchReader(PageRecordTable table, EvaluationContext context)
    {
        _table = table;
        _context = context;
        _inspectors = [.. context.Inspections.Select(inspection => inspection.NewInspector())];
        _pinRisk = new PinRisk(context.FrameFlags, context.KsmBit.TellsExclusive, context.FolioSizes);
        nuint byteLength = (nuint)(PagesPerCopy * _pageSize);
        _buffer = (byte*)NativeMemory.AlignedAlloc(byteLength, byteLength);

        // A hint only: the copy writes through fewer translations where the host has a huge page for the buffer.
        _ = LinuxNative.madvise((nint)_buffer, byteLength, LinuxNative.AdviseHugePage);
    }

    /// <summary>Reads a batch. A process that cannot be read (any more) is marked so; the pages that went are counted.</summary>
    internal void Read(PageBatch batch)
    {
        _process = batch.Process!;
        _firstOrdinal = batch.FirstOrdinal;
        _isSecondLook = batch.IsSecondLook;
        if (_process.Status != ReadStatus.Read || !ReadEntries(batch))
        {
            return;
        }

        _pinRisk.Begin();
        _context.Nodes.Ask(_process.CallId, _addresses.AsSpan(0, batch.PageCount), _nodes);
        for (int page = 0; page < batch.PageCount; page++)
        {
            PagemapEntry entry = new(_entries[page]);
            if (!entry.IsPresentAnonymous)
            {
                CountLeft(page);
                continue;
            }

            bool mayBeKsm = _context.MayHoldKsmPages(_vmas[page]);
            bool isTold = _context.FrameFlags.IsAvailable && entry.Frame != 0;
            _isKsm[page] = mayBeKsm && (isTold ? _context.FrameFlags.IsKsm(entry.Frame) : !entry.IsExclusive);
            bool isExclusive = entry.IsExclusive && !_process.IsReadByReferenceOnly
                && (!mayBeKsm || (isTold && !_isKsm[page]))
                && !_pinRisk.Of(_process, _context.Vma(_vmas[page]).Vma.HugeBytes, _addresses[page], entry);
            List<int> group = isExclusive ? _exclusive : _shared;
            group.Add(page);
            if (group.Count == PagesPerCopy)
            {
                Flush(group);
            }
        }

        Flush(_exclusive);
        Flush(_shared);
        CheckZeroPages();
        CheckFilePages(batch);
        _context.KsmCandidates.Add(_candidates);
        _candidates.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_buffer);

    private bool ReadEntries(PageBatch batch)
    {
        int at = 0;
        fixed (ulong* entries = _entries)
        {
            foreach (PageRun run in batch.Runs)
            {
                Debug.Assert(at + run.PageCount <= PageBatch.Capacity, "A batch is no longer than its arrays.");
                nuint byteLength = (nuint)run.PageCount * sizeof(ulong);
                long offset = (long)(run.Start / (ulong)_pageSize * sizeof(ulong));
                if (ProcFile.ReadAt(_process.Pagemap!, entries + at, byteLength, offset) != (long)byteLength)
                {
                    _process.Fail(ReadStatus.Exited);
                    return false;
                }

                for (int i = 0; i < run.PageCount; i++, at++)
                {
                    _addresses[at] = run.Start + ((ulong)i * (ulong)_pageSize);
                    _vmas[at] = run.Vma;
                }
            }
        }

        return true;
    }

    private void Flush(List<int> pages)
    {
        if (ReferenceEquals(pages, _exclusive))
        {
            CopyExclusive(CollectionsMarshal.AsSpan(pages));
        }
        else
        {
            CopyShared(CollectionsMarshal.AsSpan(pages));
        }

        pages.Clear();
    }

    private void CopyExclusive(ReadOnlySpan<int> pages)
    {
        while (!pages.IsEmpty && _process.Status == ReadStatus.Read)
        {
            int pieces = 0;
            for (ReadOnlySpan<int> rest = pages; !rest.IsEmpty; pieces++)
            {
                int length = ContiguousLength(rest);
                _pieces[pieces].Base = (void*)_addresses[rest[0]];
                _pieces[pieces].Length = (nuint)(length * _pageSize);
                rest = rest[length..];
            }

            long copied = ProcessMemory.ReadExclusive(
                _process.CallId, _pieces.AsSpan(0, pieces), _buffer, (nuint)(pages.Length * _pageSize));
            int whole = copied < 0 ? 0 : (int)(copied / _pageSize);
            Record(pages[..whole]);
            pages = pages[whole..];
            if (!pages.IsEmpty)
            {
                // A page without read permission, one that has gone, a kernel that refuses the call altogether, or a
                // thread that has ended while others use the memory: the descriptor knows.
                int refused = copied is < 0 and not -LinuxNative.ErrorFault ? pages.Length : 1;
                CopyShared(pages[..refused]);
                pages = pages[refused..];
            }
        }
    }

    private void CopyShared(ReadOnlySpan<int> pages)
    {
        while (!pages.IsEmpty && _process.Status == ReadStatus.Read)
        {
            int length = ContiguousLength(pages);
            long copied = ProcessMemory.ReadShared(_process, _addresses[pages[0]], _buffer, (nuint)(length * _pageSize));
            if (copied is 0 or -LinuxNative.ErrorNoProcess)
            {
                _process.Fail(ReadStatus.Exited);
                return;
            }

            int whole = copied < 0 ? 0 : (int)(copied / _pageSize);
            Record(pages[..whole]);
            if (whole < length)
            {
                CountLeft(pages[whole]);
                whole++;
            }

            pages = pages[whole..];
        }
    }

    private int ContiguousLength(ReadOnlySpan<int> pages)
    {
        int length = 1;
        while (length < pages.Length && _addresses[pages[length]] == _addresses[pages[length - 1]] + (ulong)_pageSize)
        {
            length++;
        }

        return length;
    }

    // The contents lie back to back in the buffer.
    private void Record(ReadOnlySpan<int> pages)
    {
        byte* content = _buffer;
        foreach (int page in pages)
        {
            Debug.Assert(content + _pageSize <= _buffer + (PagesPerCopy * _pageSize), "One copy, one buffer.");
            ReadOnlySpan<byte> bytes = new(content, _pageSize);
            ulong checksum = PageChecksum.Hash64(bytes);
            content += _pageSize;
            Write(page, checksum, isHuge: false);
            _context.OrderKeys[_firstOrdinal + page] = OrderKey.Of(bytes);
            if (checksum == _context.ZeroChecksum)
            {
                _zero.Add(page);
            }

            if (_inspectors.Length > 0)
            {
                Inspect(page, bytes);
            }
        }
    }

    private void Inspect(int page, ReadOnlySpan<byte> bytes)
    {
        foreach (IPageInspector inspector in _inspectors)
        {
            inspector.See(_firstOrdinal + page, _vmas[page], _addresses[page], bytes);
        }
    }

    private void Write(int page, ulong checksum, bool isHuge)
    {
        int ordinal = _firstOrdinal + page;
        checksum = _context.Nodes.Apart(checksum, _nodes[page]);
        ref PageRecord slot = ref _table[ordinal];
        if (_isSecondLook && !slot.IsRead)
        {
            return; // It had gone by the first look and was counted so.
        }

        bool hasChanged = _isSecondLook && (slot.Checksum != checksum || slot.HasChanged);
        bool isPinned = IsPinned(page);
        slot = PageRecord.Create(
            checksum, ordinal, _vmas[page], FrameIdentity(page, ordinal, isHuge), _isKsm[page], isHuge,
            isKept: isHuge && (isPinned || IsLocked(page)));
        if (hasChanged)
        {
            slot.MarkChanged();
        }

        if (isPinned)
        {
            slot.MarkPinned();
        }

        if (_isKsm[page] && !(_context.FrameFlags.TellsKsm && _context.FrameFlags.IsAvailable))
        {
            ulong frame = new PagemapEntry(_entries[page]).Frame;
            _candidates.Add(new KsmCandidate(ordinal, _vmas[page], frame != 0 ? frame : checksum, _addresses[page]));
        }
    }

    private void CountLeft(int page)
    {
        ref PageRecord slot = ref _table[_firstOrdinal + page];
        if (!_isSecondLook || slot.IsRead)
        {
            _process.CountLeft(1);
        }

        slot = default;
    }

    // Linux looks at the VMA, and at the frame, which keeps the mark in a child that fork made.
    private bool IsLocked(int page) =>
        _context.Vma(_vmas[page]).Vma.IsLocked || _context.FrameFlags.IsLocked(new PagemapEntry(_entries[page]).Frame);

    // One page that the kernel holds keeps its huge page in one piece, and so keeps all of it from merging.
    private bool IsPinned(int page)
    {
        const ulong HugePageBytes = 2 << 20;
        ulong start = _addresses[page] & ~(HugePageBytes - 1);
        return !_process.Pinned.IsEmpty
            && _process.Pinned.Overlaps(start, start + HugePageBytes)
            && (_process.Pinned.Overlaps(_addresses[page], _addresses[page] + 1)
                || _context.FrameFlags.IsHuge(new PagemapEntry(_entries[page]).Frame));
    }

    // Where the host hides frame numbers: a page that is mapped once has a frame of its own. Processes that share a frame
    // by fork have it at the same address, so equal pages at one address that are mapped more than once are one frame.
    // KSM shares across addresses; where it has been at work, equal pages are taken as one frame (see KsmCandidates).
    // Of a huge page that is mapped once, the identities of its pages follow each other, as its frames do.
    private ulong FrameIdentity(int page, int ordinal, bool isHuge)
    {
        const ulong OfOrdinal = 1UL << 55;
        const ulong OfAddress = 2UL << 55;
        const ulong OfContent = 3UL << 55;
        const ulong OfHugePage = 4UL << 55;
        const int VmaShift = 36;
        ulong number = _addresses[page] / (ulong)_pageSize;
        PagemapEntry entry = new(_entries[page]);
        return entry.Frame != 0 ? entry.Frame
            : entry.IsExclusive && isHuge ? OfHugePage | (((ulong)_vmas[page] & 0x7FFFF) << VmaShift) | (number & ((1UL << VmaShift) - 1))
            : entry.IsExclusive ? OfOrdinal | (uint)ordinal
            : _context.MayHoldKsmPages(_vmas[page]) ? OfContent
            : OfAddress | number;
    }
}
