using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using FastKsm.Cli.Evaluation.Inspection;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Simd;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>Takes the checksums by which nearly equal pages are found.</summary>
/// <remarks>
/// A row is the checksum of the page with its pointers masked, those of its four parts of 1 KiB, and those of its sixteen parts of 256 bytes
/// (for pages of 4 KiB; more parts for larger ones), and the sample of <see cref="TellingWords"/>. Thread safety: as <see cref="IInspection"/> says.
/// </remarks>
internal sealed class NearlyInspection : IImageInspection
{
    /// <summary>Bytes of a large part.</summary>
    internal const int LargePart = 1024;

    /// <summary>Bytes of a small part.</summary>
    internal const int SmallPart = 256;

    private readonly EvaluationContext _context;
    private readonly PageColumns _columns;
    private readonly ConcurrentDictionary<LiveProcess, PointerRegions> _regions = new();

    /// <param name="context">The VMAs.</param>
    internal NearlyInspection(EvaluationContext context)
    {
        _context = context;
        LargeParts = Environment.SystemPageSize / LargePart;
        SmallParts = Environment.SystemPageSize / SmallPart;
        _columns = new PageColumns(1 + LargeParts + SmallParts + TellingWords.RowLength);
    }

    /// <summary>Large parts of a page.</summary>
    internal int LargeParts { get; }

    /// <summary>Small parts of a page.</summary>
    internal int SmallParts { get; }

    /// <summary>Checksum of a page with its pointers masked.</summary>
    internal ulong Masked(int ordinal) => _columns[ordinal][0];

    /// <summary>Checksums of a page's large parts.</summary>
    internal ReadOnlySpan<ulong> Large(int ordinal) => _columns[ordinal].Slice(1, LargeParts);

    /// <summary>Checksums of a page's small parts.</summary>
    internal ReadOnlySpan<ulong> Small(int ordinal) => _columns[ordinal].Slice(1 + LargeParts, SmallParts);

    /// <summary>A sample of the words by which a page's content is told.</summary>
    internal ReadOnlySpan<ulong> Telling(int ordinal) => _columns[ordinal][(1 + LargeParts + SmallParts)..];

    /// <inheritdoc/>
    public void Begin(LiveProcess process, IReadOnlyList<Vma> vmas) => _regions[process] = new PointerRegions(vmas);

    /// <inheritdoc/>
    public void Reserve(int count) => _columns.Reserve(count);

    /// <inheritdoc/>
    public IPageInspector NewInspector() => new Inspector(this);

    private sealed class Inspector(NearlyInspection owner) : IPageInspector
    {
        private readonly byte[] _masked = new byte[Environment.SystemPageSize];
        private LiveProcess? _process;
        private PointerRegions _regions = new([]);

        public void See(int ordinal, int vma, ulong address, ReadOnlySpan<byte> page)
        {
            LiveProcess process = owner._context.Vma(vma).Process;
            if (!ReferenceEquals(process, _process))
            {
                _process = process;
                _regions = owner._regions.GetOrAdd(process, PointerRegions.Of);
            }

            Span<ulong> row = owner._columns[ordinal];
            _ = _regions.Mask(page, _masked);
            row[0] = PageChecksum.Hash64(_masked);
            for (int i = 0; i < owner.LargeParts; i++)
            {
                row[1 + i] = PageChecksum.Hash64(page.Slice(i * LargePart, LargePart));
            }

            for (int i = 0; i < owner.SmallParts; i++)
            {
                row[1 + owner.LargeParts + i] = PageChecksum.Hash64(page.Slice(i * SmallPart, SmallPart));
            }

            TellingWords.Sample(page, _regions, row[(1 + owner.LargeParts + owner.SmallParts)..]);
        }
    }
}
