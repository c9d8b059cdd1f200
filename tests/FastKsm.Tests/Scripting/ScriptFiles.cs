using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;
using FastKsm.Tests.TestKit;

namespace FastKsm.Tests.Scripting;

/// <summary>The scripts of <c>tests/scripts</c>.</summary>
internal static class ScriptFiles
{
    /// <summary>Names of all scripts, relative to their folder.</summary>
    internal static IReadOnlyList<string> All { get; } =
        [.. Directory.EnumerateFiles(Root(), "*.ksm", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root(), path))
            .Order(StringComparer.Ordinal)];

    // The engine does not count flush operations: the kernel alone performs these.
    private static readonly string[] s_notForTheEngine = ["language/", "tlb/T25-sync.ksm"];

    /// <summary>Names of those that are meant to run on the engine.</summary>
    internal static IEnumerable<string> Runnable =>
        All.Where(name => !s_notForTheEngine.Any(folder => name.StartsWith(folder, StringComparison.Ordinal)));

    /// <summary>Text of a script.</summary>
    internal static string TextOf(string name) => File.ReadAllText(Path.Combine(Root(), name));

    /// <summary>A script.</summary>
    internal static Script Read(string name) => Parse(TextOf(name), name);

    /// <summary>A script that has no file.</summary>
    internal static Script Parse(string text, string name = "test.ksm") => ScriptReader.Read(name, Encoding.Latin1.GetBytes(text));

    private static string Root() => Path.Combine(Repository.Root, "tests/scripts");
}
