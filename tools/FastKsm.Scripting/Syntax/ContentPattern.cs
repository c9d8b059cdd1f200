namespace FastKsm.Scripting.Syntax;

/// <summary>Contents of a run of pages, by number (see <see cref="FastKsm.Scripting.Running.ScriptContent"/>).</summary>
/// <param name="IsUnique">Whether page i (from 0) gets content First + i, instead of each the same.</param>
/// <param name="First">Content of the first page.</param>
public readonly record struct ContentPattern(bool IsUnique, ulong First)
{
    /// <summary>Content of one page.</summary>
    /// <param name="index">Index of the page among those selected, from 0.</param>
    public ulong At(ulong index) => IsUnique ? First + index : First;
}
