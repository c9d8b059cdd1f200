using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using FastKsm.Scripting.Syntax;
using FastKsm.Tests.Scripting;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>The rows of ksm.md 14 that the engine answers for: each is a script, <c>tests/scripts/ksm/NNN-name.ksm</c>.</summary>
/// <remarks><see cref="ScriptFileTests"/> performs them, on both indexes.</remarks>
public sealed partial class ConformanceRows
{
    // 14.1 to 14.3 but for 54, 14.4, 14.5, 14.6 but for 100, 14.7, 14.8 but for huge pages and reclaim, 14.9 (133 to
    // 135 are arithmetic: ScanTimeAdvisorTests), 14.12.
    private static readonly (int First, int Last)[] s_rows = [(1, 53), (55, 99), (101, 110), (115, 118), (124, 132), (136, 139), (142, 148)];

    // The language's own example lies beside them.
    private static readonly string[] s_files = [.. ScriptFiles.All.Where(
        name => name.StartsWith("ksm/", StringComparison.Ordinal) && name is not "ksm/example.ksm")];

    public static TheoryData<string> Files => [.. s_files];

    [Fact]
    public void Files_OfTheTable_CoverEveryRow()
    {
        HashSet<string> there = [.. s_files.Select(RowOf)];
        IEnumerable<string> wanted = s_rows.SelectMany(run => Enumerable.Range(run.First, run.Last - run.First + 1))
            .Select(row => row.ToString(CultureInfo.InvariantCulture)).Append("144b");

        Assert.Empty(wanted.Except(there, System.StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void File_OfARow_SaysWhichAndLooksAtTheOutcome(string name)
    {
        string row = RowOf(name);
        Script script = ScriptFiles.Read(name);

        // A row is in the head of the file, and nothing happens behind the last look.
        Assert.StartsWith($"# ksm.md {row}: ", ScriptFiles.TextOf(name), StringComparison.Ordinal);
        Assert.Contains(script.Operations, operation => operation is Operation.Expect);
        Assert.StartsWith("Expect", script.Operations[^1].GetType().Name, StringComparison.Ordinal);
    }

    private static string RowOf(string name)
    {
        Match match = FileName().Match(name);
        Assert.True(match.Success, $"{name} is not named NNN-what-it-shows.ksm.");
        return match.Groups["row"].Value;
    }

    [GeneratedRegex("^ksm/0*(?<row>[1-9][0-9]*[a-z]?)-[a-z0-9-]+[.]ksm$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FileName();
}
