namespace FastKsm.Cli.Shell;

/// <summary>What the name of a value says of it.</summary>
internal static class ValueNames
{
    /// <summary>Whether it is a file or a folder.</summary>
    /// <param name="name">As help shows it.</param>
    internal static bool IsFile(string name) => name is "FILE" or "DIR";

    /// <summary>Whether it is a program.</summary>
    /// <param name="name">As help shows it.</param>
    internal static bool IsProgram(string name) => name is "COMMAND";
}
