using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Cli.Evaluation.Inspection;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Offline;
using FastKsm.Simd;

namespace FastKsm.Cli.Evaluation;

/// <summary>Reads the pages of images (cores, raw memory, checkpoints) into the same records as those of processes.</summary>
/// <remarks>
/// Every page is on a frame of its own: files do not tell what was shared. Pages of a mapped file that are equal to the file on this host were
/// not written, and are left out; where the file is not at hand, all of them are.
/// Thread safety: one thread calls; it has several read.
/// </remarks>
internal sealed class ImageCollector
{
    private const int PagesPerPiece = 512;
    private const ulong OfOrdinal = 1UL << 55; // As for processes whose frames are hidden.

    private readonly PageRecordTable _table;
    private readonly EvaluationContext _context;
    private readonly EvaluationOptions _options;
    private readonly EvaluationProgress _progress;
    private readonly int _pageSize = Environment.SystemPageSize;

    internal ImageCollector(PageRecordTable table, EvaluationContext context, EvaluationOptions options, EvaluationProgress progress)
    {
        _table = table;
        _context = context;
        _options = options;
        _progress = progress;
    }

    /// <summary>Pages of zeroes that were left out, since they may never have been there.</summary>
    internal long ZeroesLeftOut { get; private set; }

    /// <summary>Pages of mapped files that are not at hand.</summary>
    internal long PagesOfAbsentFiles { get; private set; }

    /// <summary>Reads all pages of the images.</summary>
    /// <param name="images">Images.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>A process for each.</returns>
    internal IReadOnlyList<LiveProcess> Collect(IReadOnlyList<MemoryImage> images, CancellationToken cancellation)
    {
        List<LiveProcess> processes = [];
        foreach (MemoryImage image in images)
        {
            LiveProcess process = LiveProcess.Noted(
                image.Pid, new ProcessStat(image.Name, 'S', IsKernelThread: false, StartTime: 0), image.UserId, image.CommandLine);
            processes.Add(process);
            Collect(image, process, cancellation);
            process.CountLeft((int)Math.Min(image.PagesElsewhere, int.MaxValue));
        }

        return processes;
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The dictionary owns the files, and closes them.")]
    private void Collect(MemoryImage image, LiveProcess process, CancellationToken cancellation)
    {
        Dictionary<string, ImageFile?> mapped = new(StringComparer.Ordinal);
        foreach (IImageInspection inspection in _context.Inspections.OfType<IImageInspection>())
        {
            inspection.Begin(process, [.. image.Segments.Select(segment => segment.Vma).DistinctBy(vma => vma.Start)]);
        }

        List<Piece> pieces = [];
        try
        {
            ImageSegment? last = null;
            int vma = -1;
            foreach (ImageSegment segment in image.Segments)
            {
                cancellation.ThrowIfCancellationRequested();
                VmaEligibility eligibility = segment.Eligibility == VmaEligibility.Eligible && _options.OnlyMarked
                    ? VmaEligibility.NotMarked
                    : segment.Eligibility;
                if (last is null || last.Vma != segment.Vma)
                {
                    vma = _context.Add(new VmaInProcess(process, segment.Vma, eligibility));
                    last = segment;
                }

                if (eligibility == VmaEligibility.Eligible)
                {
                    Cut(segment, vma, Open(segment.Mapped, mapped), pieces);
                }
            }

            ReadPieces(image, pieces, cancellation);
        }
        finally
        {
            foreach (ImageFile? file in mapped.Values)
            {
                file?.Dispose();
            }
        }
    }

    private static ImageFile? Open(string? path, Dictionary<string, ImageFile?> known)
    {
        if (path is null)
        {
            return null;
        }

        if (!known.TryGetValue(path, out ImageFile? file))
        {
            file = ImageFile.TryOpen(path, out _);
            known.Add(path, file);
        }

        return file;
    }

    // Holes have no pages. A stretch of data that begins or ends within a page takes the whole of it.
    private void Cut(ImageSegment segment, int vma, ImageFile? mapped, List<Piece> pieces)
    {
        if (segment.Mapped is not null && mapped is null)
        {
            PagesOfAbsentFiles += segment.ByteLength / _pageSize;
            return;
        }

        long end = segment.Offset + segment.ByteLength;
        for (long at = segment.Offset; at < end;)
        {
            (long start, long stop) = segment.File.NextData(at, end);
            long first = (start - segment.Offset) / _pageSize;
            long behind = (stop - segment.Offset + _pageSize - 1) / _pageSize;
            first = Math.Max(first, (at - segment.Offset + _pageSize - 1) / _pageSize);
            for (long page = first; page < behind; page += PagesPerPiece)
            {
                int count = (int)Math.Min(behind - page, PagesPerPiece);
                pieces.Add(new Piece(segment, mapped, vma, page, count, _table.Count));
                _table.Commit(count);
                _progress.Found(count);
            }

            at = Math.Max(stop, segment.Offset + (behind * _pageSize));
        }

        _context.Reserve(_table.Count);
    }

    private void ReadPieces(MemoryImage image, List<Piece> pieces, CancellationToken cancellation)
    {
        long zeroes = 0;
        ParallelOptions options = new() { MaxDegreeOfParallelism = _options.Threads, CancellationToken = cancellation };
        try
        {
            _ = Parallel.ForEach(
                pieces,
                options,
                () => new Reader(this, image.ZeroesMayBeAbsent),
                (piece, _, reader) =>
                {
                    reader.Read(piece);
                    return reader;
                },
                reader => Interlocked.Add(ref zeroes, reader.ZeroesLeftOut));
        }
        catch (AggregateException exception) when (exception.InnerExceptions.OfType<ToolException>().FirstOrDefault() is { } fault)
        {
            throw new ToolException(fault.ExitCode, fault.Message);
        }

        ZeroesLeftOut += zeroes;
    }

    /// <summary>Pages that are read at once.</summary>
    private readonly record struct Piece(ImageSegment Segment, ImageFile? Mapped, int Vma, long FirstPage, int PageCount, int FirstOrdinal);

    /// <summary>Reads pieces, on one thread.</summary>
    private sealed class Reader(ImageCollector owner, bool leavesOutZeroes)
    {
        private readonly byte[] _pages = new byte[PagesPerPiece * owner._pageSize];
        private readonly byte[] _mapped = new byte[PagesPerPiece * owner._pageSize];
        private readonly IPageInspector[] _inspectors = [.. owner._context.Inspections.Select(inspection => inspection.NewInspector())];

        /// <summary>Pages of zeroes that were left out.</summary>
        internal long ZeroesLeftOut { get; private set; }

        internal void Read(Piece piece)
        {
            int size = owner._pageSize;
            long from = piece.FirstPage * size;
            Span<byte> pages = _pages.AsSpan(0, piece.PageCount * size);
            piece.Segment.File.Read(piece.Segment.Offset + from, pages);
            int ofFile = piece.Mapped?.ReadSome(piece.Segment.MappedOffset + from, _mapped.AsSpan(0, pages.Length)) ?? 0;
            _mapped.AsSpan(ofFile).Clear(); // Behind its end, a file is mapped as zeroes.
            for (int i = 0; i < piece.PageCount; i++)
            {
                ReadOnlySpan<byte> page = pages.Slice(i * size, size);
                if (piece.Mapped is not null && page.SequenceEqual(_mapped.AsSpan(i * size, size)))
                {
                    continue; // Not written: the page cache's.
                }

                ulong checksum = PageChecksum.Hash64(page);
                if (leavesOutZeroes && checksum == owner._context.ZeroChecksum)
                {
                    ZeroesLeftOut++;
                    continue;
                }

                int ordinal = piece.FirstOrdinal + i;
                owner._table[ordinal] = PageRecord.Create(checksum, ordinal, piece.Vma, OfOrdinal | (uint)ordinal);
                owner._context.OrderKeys[ordinal] = OrderKey.Of(page);
                foreach (IPageInspector inspector in _inspectors)
                {
                    inspector.See(ordinal, piece.Vma, piece.Segment.Address + (ulong)(from + (i * (long)size)), page);
                }
            }

            owner._progress.Read(piece.PageCount);
        }
    }
}
