using System.Collections.Generic;

namespace FastKsm.Cli.Shell;

/// <summary>A command, as a shell is told of it.</summary>
/// <param name="Path">Its words behind the program's name; none for the program itself.</param>
/// <param name="Description">What it does, in sentences.</param>
/// <param name="Options">Its options, those that all commands have among them.</param>
/// <param name="Arguments">Its arguments, in order.</param>
/// <param name="Commands">The commands below it.</param>
internal sealed record CommandEntry(
    IReadOnlyList<string> Path,
    string Description,
    IReadOnlyList<OptionEntry> Options,
    IReadOnlyList<ArgumentEntry> Arguments,
    IReadOnlyList<CommandEntry> Commands)
{
    /// <summary>Its last word; empty for the program itself.</summary>
    internal string Name => Path.Count == 0 ? string.Empty : Path[^1];

    /// <summary>Its path as the scripts hold it: a blank before each word.</summary>
    internal string Key => Path.Count == 0 ? string.Empty : " " + string.Join(' ', Path);

    /// <summary>It and all commands below it, each before those below it.</summary>
    internal IEnumerable<CommandEntry> All()
    {
        yield return this;
        foreach (CommandEntry command in Commands)
        {
            foreach (CommandEntry entry in command.All())
            {
                yield return entry;
            }
        }
    }
}
