using System;
using FastKsm.Cli.Evaluation.Inspection;
using FastKsm.Simd;

namespace FastKsm.Cli.Evaluation.Templates;

/// <summary>Notes where each page lies, and its checksum.</summary>
internal sealed class TemplateInspection : IInspection
{
    private readonly PageColumns _columns = new(2);

    /// <summary>Address of a page.</summary>
    internal ulong AddressOf(int ordinal) => _columns[ordinal][0];

    /// <summary>Checksum of a page, whatever its node.</summary>
    internal ulong ChecksumOf(int ordinal) => _columns[ordinal][1];

    /// <inheritdoc/>
    public void Reserve(int count) => _columns.Reserve(count);

    /// <inheritdoc/>
    public IPageInspector NewInspector() => new Inspector(_columns);

    private sealed class Inspector(PageColumns columns) : IPageInspector
    {
        public void See(int ordinal, int vma, ulong address, ReadOnlySpan<byte> page)
        {
            Span<ulong> row = columns[ordinal];
            row[0] = address;
            row[1] = PageChecksum.Hash64(page);
        }
    }
}
