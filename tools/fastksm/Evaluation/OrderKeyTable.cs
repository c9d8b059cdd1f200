namespace FastKsm.Cli.Evaluation;

/// <summary>The <see cref="OrderKey"/> of every page that was read, by its place in the order of visits.</summary>
/// <remarks>
/// In pieces, so that nothing moves while pages are read. Thread safety: <see cref="Reserve"/> by one thread, before it hands the
/// pages to a reader; places that are reserved may be written by any thread, each by one.
/// </remarks>
internal sealed class OrderKeyTable
{
    private const int PieceShift = 16;
    private const int PieceLength = 1 << PieceShift;

    private ulong[][] _pieces = [];

    /// <summary>The key of a page.</summary>
    internal ulong this[int ordinal]
    {
        get => _pieces[ordinal >> PieceShift][ordinal & (PieceLength - 1)];
        set => _pieces[ordinal >> PieceShift][ordinal & (PieceLength - 1)] = value;
    }

    /// <summary>Makes room for a number of pages.</summary>
    internal void Reserve(int count)
    {
        int wanted = (count + PieceLength - 1) >> PieceShift;
        if (wanted <= _pieces.Length)
        {
            return;
        }

        ulong[][] pieces = new ulong[wanted][];
        _pieces.CopyTo(pieces, 0);
        for (int i = _pieces.Length; i < wanted; i++)
        {
            pieces[i] = new ulong[PieceLength];
        }

        _pieces = pieces;
    }
}
