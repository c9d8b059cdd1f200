namespace FastKsm.Scripting.Syntax;

/// <summary>How a counter is to compare with a value.</summary>
public enum Relation
{
    /// <summary>Equal.</summary>
    Equal,

    /// <summary>Not equal.</summary>
    NotEqual,

    /// <summary>Smaller; numbers only.</summary>
    Less,

    /// <summary>Smaller or equal; numbers only.</summary>
    AtMost,

    /// <summary>Larger; numbers only.</summary>
    Greater,

    /// <summary>Larger or equal; numbers only.</summary>
    AtLeast,
}
