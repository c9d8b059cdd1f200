using System.Linq;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Random scripts on both indexes: the same counters after every scan, the same events, and every page as last written.</summary>
public sealed class IndexAgreementTests
{
    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(5, false)]
    [InlineData(256, true)]
    public void Scripts_OnBothIndexes_ShowTheSame(int maxPageSharing, bool smartScan) =>
        Property.ForAllScripts(
            ScanOp.Next,
            script =>
            {
                using ScriptedMachine tree = new(MergeIndexKind.ContentTree, maxPageSharing, smartScan);
                using ScriptedMachine table = new(MergeIndexKind.Fingerprint, maxPageSharing, smartScan);
                tree.Perform(script);
                table.Perform(script);
                Assert.Equal(tree.Seen.Select((seen, scan) => (scan, seen)), table.Seen.Select((seen, scan) => (scan, seen)));
                Assert.Equal(tree.Events, table.Events);
            },
            cases: 60,
            length: 150);
}
