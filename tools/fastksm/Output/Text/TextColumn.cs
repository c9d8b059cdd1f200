namespace FastKsm.Cli.Output.Text;

/// <summary>A column of a <see cref="TextTable"/>.</summary>
/// <param name="Heading">Stands above it; taken apart at its blanks where room is short.</param>
/// <param name="Kind">What it holds, which decides what may happen to it.</param>
/// <param name="Rank">Figures of the highest rank are the first to move to a line of their own; those of rank 0 stay.</param>
internal sealed record TextColumn(string Heading, ColumnKind Kind, int Rank = 0)
{
    /// <summary>A column of figures.</summary>
    internal static TextColumn Figure(string heading, int rank = 0) => new(heading, ColumnKind.Figure, rank);

    /// <summary>A column of words that must stay whole.</summary>
    internal static TextColumn Word(string heading, int rank = 0) => new(heading, ColumnKind.Word, rank);

    /// <summary>A column of names.</summary>
    internal static TextColumn Label(string heading) => new(heading, ColumnKind.Label);

    /// <summary>A column of paths and command lines, which tell most at their ends.</summary>
    internal static TextColumn Path(string heading) => new(heading, ColumnKind.Path);

    /// <summary>A column of explanations.</summary>
    internal static TextColumn Remark(string heading = "") => new(heading, ColumnKind.Remark);
}
