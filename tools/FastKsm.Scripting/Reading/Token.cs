namespace FastKsm.Scripting.Reading;

/// <summary>A word of a line: what stands between blanks.</summary>
/// <param name="Text">The word; printable ASCII.</param>
/// <param name="Position">Its first byte.</param>
internal readonly record struct Token(string Text, SourcePosition Position)
{
    /// <summary>Position of a character within the word.</summary>
    internal SourcePosition At(int index) => Position with { Column = Position.Column + index };
}
