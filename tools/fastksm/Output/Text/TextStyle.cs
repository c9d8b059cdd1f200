namespace FastKsm.Cli.Output.Text;

/// <summary>How a piece of text stands out, where the terminal can show it.</summary>
internal enum TextStyle
{
    /// <summary>As all else.</summary>
    Plain,

    /// <summary>What the reader came for.</summary>
    Strong,

    /// <summary>Explanations.</summary>
    Faint,

    /// <summary>What changes how the figures are to be read.</summary>
    Warning,
}
