using System;

namespace FastKsm.Cli.Evaluation.Inspection;

/// <summary>A row of 64-bit words for each page, by its place in the order of visits.</summary>
/// <remarks>
/// In pieces, so that nothing moves while pages are read. Thread safety: <see cref="Reserve"/> by one thread, before it hands the
/// pages to a reader; rows that are reserved may be written by any thread, each by one.
/// </remarks>
internal sealed class PageColumns
{
    private const int PieceShift = 14;
    private const int PieceRows = 1 << PieceShift;

    private readonly int _width;
    private ulong[][] _pieces = [];

    /// <param name="width">Words in a row; at least one.</param>
    internal PageColumns(int width) => _width = width;

    /// <summary>The row of a page.</summary>
    internal Span<ulong> this[int ordinal] =>
        _pieces[ordinal >> PieceShift].AsSpan((ordinal & (PieceRows - 1)) * _width, _width);

    /// <summary>Makes room for a number of pages.</summary>
    internal void Reserve(int count)
    {
        int wanted = (int)(((long)count + PieceRows - 1) >> PieceShift);
        if (wanted <= _pieces.Length)
        {
            return;
        }

        ulong[][] pieces = new ulong[Math.Max(wanted, _pieces.Length + (_pieces.Length / 4))][];
        _pieces.CopyTo(pieces, 0);
        for (int i = _pieces.Length; i < pieces.Length; i++)
        {
            pieces[i] = new ulong[PieceRows * _width];
        }

        _pieces = pieces;
    }
}
