using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>The rows of swap.md 9: 1 to 39 are each a test that names it, as <c>_S14</c>; the later ones need faults
/// and reclaim on swap tables.</summary>
public sealed partial class SwapRows
{
    private const int Rows = 39;

    // Rows 1 and 2 are about one layout each, 37 is about the PTE.
    private static readonly string[] s_ofOneLayout = ["S01", "S02"];

    [Fact]
    public void Rows_OneToThirtyNine_AreShown()
    {
        IEnumerable<string> all = Enumerable.Range(1, Rows).Select(row => "S" + row.ToString("00", CultureInfo.InvariantCulture));

        Assert.Equal(all.ToList(), Shown(_ => true).Order(StringComparer.Ordinal).ToList(), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("Legacy")]
    [InlineData("Faithful")]
    [InlineData("Compact")]
    public void Rows_OfEveryLayout_AreShown(string layout)
    {
        IEnumerable<string> all = Enumerable.Range(1, Rows).Select(row => "S" + row.ToString("00", CultureInfo.InvariantCulture))
            .Except(s_ofOneLayout, StringComparer.Ordinal);

        Assert.Equal(
            all.ToList(),
            Shown(type => type.Name.StartsWith(layout, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList(),
            StringComparer.Ordinal);
    }

    private static HashSet<string> Shown(Func<Type, bool> predicate) => [.. typeof(SwapRows).Assembly.GetTypes()
        .Where(type => !type.IsAbstract && string.Equals(type.Namespace, typeof(SwapRows).Namespace, StringComparison.Ordinal) && predicate(type))
        .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Public))
        .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true))
        .SelectMany(method => RowNumber().Matches(method.Name)).Select(match => match.Groups["row"].Value)];

    [GeneratedRegex("_(?<row>S[0-9]{2})(?=_|$)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RowNumber();
}
