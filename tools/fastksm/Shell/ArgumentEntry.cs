namespace FastKsm.Cli.Shell;

/// <summary>An argument of a command, as a shell is told of it.</summary>
/// <param name="Name">As help shows it, such as <c>FILE</c>.</param>
/// <param name="Description">What it is, in sentences.</param>
/// <param name="IsOptional">Whether it may be left out.</param>
/// <param name="IsRepeatable">Whether several may be given.</param>
/// <param name="Values">The words to choose from; empty for any.</param>
internal sealed record ArgumentEntry(
    string Name, string Description, bool IsOptional, bool IsRepeatable, System.Collections.Generic.IReadOnlyList<string> Values)
{
    /// <summary>Whether it names a file or a folder.</summary>
    internal bool IsFile => ValueNames.IsFile(Name);
}
