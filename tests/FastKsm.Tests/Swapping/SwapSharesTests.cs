using System.Linq;
using FastKsm.Swapping;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>CPUs that keep to clusters of their own: <see cref="SwapOptions.KeepsClustersApart"/>.</summary>
public sealed class SwapSharesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Allocate_HolesOfAnotherCpu_AreTakenInLinuxOnly(bool keepsClustersApart)
    {
        using SwapRig rig = SwapRig.Make("compact", keepsClustersApart: keepsClustersApart);
        rig.Mount(4096);
        SwapEntry first = rig.Evicted(511, cpu: 0)[0];
        SwapEntry second = rig.Evicted(512, cpu: 1)[0];
        Assert.Equal((1u, 512u), (first.Offset, second.Offset));
        Assert.Equal(SwapStatus.Done, rig.Space.Put(first, 3));
        Assert.Equal(SwapStatus.Done, rig.Space.Put(second, 3));

        // CPU 1 finds CPU 0's holes first in Linux's list; else its own, then an empty cluster.
        Assert.Equal(
            keepsClustersApart ? [512, 513, 514, 1024] : [1, 2, 3, 512],
            rig.Offsets(4, cpu: 1).Select(offset => (int)offset));
        rig.Space.Validate();
    }

    [Fact]
    public void Allocate_NoEmptyClusterLeft_TakesThoseOfOtherCpus()
    {
        using SwapRig rig = SwapRig.Make("faithful", cpus: 3, keepsClustersApart: true);
        rig.Mount(2048);
        SwapEntry first = rig.Evicted(2047, cpu: 2)[0];
        Assert.Equal(SwapStatus.Done, rig.Space.Put(first, 5));
        Assert.Equal(SwapStatus.Done, rig.Space.Put(first.Plus(1000), 1));

        // Cluster 0, which has the header, is no empty one, so CPU 2 began with the first empty one and came there last.
        Assert.Equal(512u, first.Offset);
        Assert.Equal([512, 513, 514, 515, 516, 1512, 0], rig.Offsets(7, cpu: 0).Select(offset => (int)offset));
        Assert.Equal(2047, rig.Used());
        rig.Space.Validate();
    }
}
