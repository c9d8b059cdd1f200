namespace FastKsm.Cli.Output.Text;

/// <summary>What a column holds, and so what may happen to it where room is short.</summary>
internal enum ColumnKind
{
    /// <summary>A figure: to the right, never cut. It may move, with its heading, to a line below its row.</summary>
    Figure,

    /// <summary>A word or an address range: to the left, else as a figure.</summary>
    Word,

    /// <summary>A name: cut at its end.</summary>
    Label,

    /// <summary>A path: cut at its beginning.</summary>
    Path,

    /// <summary>An explanation: the first to be folded, and to go.</summary>
    Remark,
}
