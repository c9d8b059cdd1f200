using System.Linq;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Base of the rows of the conformance table: each runs on both indexes.</summary>
public abstract class ConformanceRows
{
    /// <summary>Both indexes.</summary>
    public static TheoryData<MergeIndexKind> Indexes => [MergeIndexKind.ContentTree, MergeIndexKind.Fingerprint];

    /// <summary>Both indexes with each of some values.</summary>
    protected static TheoryData<MergeIndexKind, T> WithIndexes<T>(params T[] values)
    {
        TheoryData<MergeIndexKind, T> rows = [];
        foreach (MergeIndexKind index in Indexes.Select(row => row.Data))
        {
            foreach (T value in values)
            {
                rows.Add(index, value);
            }
        }

        return rows;
    }
}
