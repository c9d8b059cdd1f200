namespace FastKsm.Cli.Output.Text;

/// <summary>Where a column of a table goes.</summary>
internal enum ColumnPlace
{
    /// <summary>Beside the others.</summary>
    Beside,

    /// <summary>With its heading, on a line below each row.</summary>
    Below,

    /// <summary>Nowhere.</summary>
    Dropped,
}
