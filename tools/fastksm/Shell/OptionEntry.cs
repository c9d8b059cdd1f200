using System.Collections.Generic;

namespace FastKsm.Cli.Shell;

/// <summary>An option of a command, as a shell is told of it.</summary>
/// <param name="Name">With its hyphens.</param>
/// <param name="Aliases">Other spellings, with their hyphens.</param>
/// <param name="Description">What it does, in sentences.</param>
/// <param name="ValueName">Name of the value that it takes; empty for none.</param>
/// <param name="IsValueOptional">Whether the value may be left out.</param>
/// <param name="Values">The words to choose from; empty for any.</param>
/// <param name="Default">The value where the option is not given; null for none that could be shown.</param>
internal sealed record OptionEntry(
    string Name,
    IReadOnlyList<string> Aliases,
    string Description,
    string ValueName,
    bool IsValueOptional,
    IReadOnlyList<string> Values,
    string? Default)
{
    /// <summary>All spellings, the name first.</summary>
    internal IEnumerable<string> Spellings => [Name, .. Aliases];

    /// <summary>Whether what follows it belongs to it.</summary>
    internal bool TakesValue => ValueName.Length > 0;

    /// <summary>Whether its value is a file or a folder.</summary>
    internal bool IsFile => ValueNames.IsFile(ValueName);
}
