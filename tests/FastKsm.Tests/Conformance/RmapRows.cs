using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using FastKsm.Tests.Scripting;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>The rows of rmap.md 9: each is a script that names it in its first line, a test that names it, or not modelled.</summary>
/// <remarks>
/// Scripts are in <c>tests/scripts/rmap</c>, and performed by <see cref="ScriptFileTests"/>. Names of tests end with the rows
/// that they show, as <c>_C34_C35</c>.
/// </remarks>
public sealed partial class RmapRows
{
    private const int Rows = 91;

    // What the engine has no part for, and so shows nothing of.
    private static readonly Dictionary<string, string> s_notModelled = new(StringComparer.Ordinal)
    {
        ["C25"] = "mremap with MREMAP_DONTUNMAP is not offered",
        ["C53"] = "there is no swap cache: who swaps a shared page in gets a copy of his own at once",
        ["C80"] = "there are no locks of single VMAs: a fault holds the mm lock, shared",
        ["C89"] = "guard pages (MADV_GUARD_INSTALL) are not offered",
        ["C91"] = "there is no brk; C26 and C30 show the rule that it follows",
    };

    [Fact]
    public void Rows_OfTheTable_AreShownOrListed()
    {
        HashSet<string> shown = new([.. InScripts(), .. InTests()], StringComparer.Ordinal);
        IEnumerable<string> all = Enumerable.Range(1, Rows).Select(row => "C" + row.ToString("00", CultureInfo.InvariantCulture));

        Assert.Equal(all.ToList(), shown.Union(s_notModelled.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList(), StringComparer.Ordinal);
        Assert.Equal(Rows, shown.Count + s_notModelled.Count);
    }

    [Fact]
    public void Scripts_OfRmap_NameTheirRowFirst()
    {
        Assert.All(Files(), name =>
        {
            string row = name["rmap/".Length..][..3];
            Assert.StartsWith("# rmap.md C", ScriptFiles.TextOf(name), StringComparison.Ordinal);
            Assert.Contains(row, Head(name), StringComparison.Ordinal);
        });
    }

    private static IEnumerable<string> Files() =>
        ScriptFiles.All.Where(name => name.StartsWith("rmap/", StringComparison.Ordinal));

    private static IEnumerable<string> InScripts() => Files().SelectMany(name => RowNumber().Matches(Head(name))).Select(match => match.Value);

    private static IEnumerable<string> InTests() => typeof(RmapRows).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
        .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true))
        .SelectMany(method => RowNumberInName().Matches(method.Name)).Select(match => match.Groups["row"].Value);

    private static string Head(string name)
    {
        string text = ScriptFiles.TextOf(name);
        return text[..text.IndexOf('\n', StringComparison.Ordinal)];
    }

    [GeneratedRegex(@"\bC[0-9]{2}\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RowNumber();

    [GeneratedRegex("_(?<row>C[0-9]{2})(?=_|$)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RowNumberInName();
}
