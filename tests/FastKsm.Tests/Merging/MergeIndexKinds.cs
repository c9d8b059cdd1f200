using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Base of tests that run on both indexes.</summary>
public abstract class MergeIndexKinds
{
    /// <summary>Both indexes.</summary>
    public static TheoryData<MergeIndexKind> Indexes => [MergeIndexKind.ContentTree, MergeIndexKind.Fingerprint];
}
