using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>What a scan allocates on the managed heap, over all threads.</summary>
[Collection(RunsAlone.Name)]
public sealed class ScannerAllocationTests : MergeIndexKinds
{
    [Theory, MemberData(nameof(Indexes))]
    public void Scan_SteadyState_AllocatesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Multiplicities();
        Area unique = rig.Unique(1500, 50_000);
        rig.Scan(2);
        Ksm ksm = rig.Machine.Ksm;
        void Work()
        {
            for (int scan = 0; scan < 5; scan++)
            {
                _ = ksm.Scan();
            }
        }

        Assert.Equal(0, ManagedHeap.FewestBytesOf(Work));
        Assert.Equal(1500, unique.Process.KsmStat.RmapItems);
    }
}
