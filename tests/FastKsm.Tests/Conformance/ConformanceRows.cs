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
    private const int LastRow = 148;

    // Every number up to the last has a file, or its reason here.
    private static readonly Dictionary<string, string> s_without = new(StringComparer.Ordinal)
    {
        ["54"] = "MADV_PAGEOUT comes with reclaim; what FREE and COLD do shows only under pressure",
        ["119"] = "swap tables are not there yet",
        ["120"] = "swap tables are not there yet",
        ["121"] = "swap tables are not there yet",
        ["122"] = "swap tables are not there yet",
        ["123"] = "userfaultfd is not modelled; what is left of the row is row 124",
        ["133"] = "arithmetic with no script that could show it: ScanTimeAdvisorTests",
        ["134"] = "arithmetic with no script that could show it: ScanTimeAdvisorTests",
        ["135"] = "arithmetic with no script that could show it: ScanTimeAdvisorTests",
        ["140"] = "scripts cannot move frames between nodes yet: NumaTests",
        ["141"] = "scripts cannot move frames between nodes yet: NumaTests",
    };

    // The language's own example lies beside them.
    private static readonly string[] s_files = [.. ScriptFiles.All.Where(
        name => name.StartsWith("ksm/", StringComparison.Ordinal) && name is not "ksm/example.ksm")];

    public static TheoryData<string> Files => [.. s_files];

    [Fact]
    public void Files_OfTheTable_CoverEveryRowOrSayWhyNot()
    {
        HashSet<string> there = [.. s_files.Select(RowOf)];
        IEnumerable<string> wanted = Enumerable.Range(1, LastRow)
            .Select(row => row.ToString(CultureInfo.InvariantCulture)).Append("144b");

        Assert.Empty(wanted.Except(there, StringComparer.Ordinal).Except(s_without.Keys, StringComparer.Ordinal));
        Assert.Empty(there.Intersect(s_without.Keys, StringComparer.Ordinal));
        Assert.Empty(s_without.Keys.Except(wanted, StringComparer.Ordinal));
        Assert.All(s_without.Values, reason => Assert.True(reason.Length > 20, reason));
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
