using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Scripting.Syntax;
using FastKsm.Tests.Scripting;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>
/// The rows of tlb-reclaim.md that <c>conform --tlb</c> answers for: each is a script,
/// <c>tests/scripts/tlb/TNN-name.ksm</c>.
/// </summary>
public sealed class TlbRows
{
    private static readonly int[] s_rows = [.. Enumerable.Range(1, 29), 43, 44];

    public static TheoryData<string> Files => [.. All];

    private static IEnumerable<string> All =>
        ScriptFiles.All.Where(name => name.StartsWith("tlb/", StringComparison.Ordinal));

    [Fact]
    public void Files_OfTheTable_CoverEveryRow() =>
        Assert.Equal(s_rows, All.Select(RowOf).Distinct().Order());

    [Theory]
    [MemberData(nameof(Files))]
    public void File_OfARow_SaysWhichAndEndsWithALook(string name)
    {
        Script script = ScriptFiles.Read(name);

        string head = string.Create(CultureInfo.InvariantCulture, $"# T{RowOf(name)}: ");
        Assert.StartsWith(head, ScriptFiles.TextOf(name), StringComparison.Ordinal);
        Assert.Contains(script.Operations, operation => operation is Operation.ExpectFlushes);
        Assert.True(script.Operations[^1] is Operation.ExpectFlushes or Operation.Expect);
    }

    private static int RowOf(string name) => int.Parse(name.AsSpan("tlb/T".Length, 2), CultureInfo.InvariantCulture);
}
