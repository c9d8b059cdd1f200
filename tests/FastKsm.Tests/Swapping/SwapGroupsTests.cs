using System.Linq;
using FastKsm.Swapping;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Limits and tiers of groups.</summary>
public sealed class SwapGroupsTests
{
    [Theory]
    [InlineData("legacy")]
    [InlineData("faithful")]
    [InlineData("compact")]
    public void V1_PagesAndSlots_KeepTheirSum(string layout)
    {
        using SwapRig rig = SwapRig.Make(layout, scope: GroupScope.V1);
        rig.Mount(4096);
        Assert.True(rig.Space.Groups.TryAdd(1, new SwapGroup { MemoryLimit = 100, SwapLimit = 300 }));
        SwapGroup group = rig.Space.Groups[1];
        Assert.True(rig.Space.Groups.TryChargePages(1, 100));
        Assert.False(rig.Space.Groups.TryChargePages(1, 1));

        Pfn[] heads = [.. Enumerable.Range(0, 60).Select(_ => rig.NewFolio())];
        SwapEntry[] entries = [.. heads.Select(head => rig.PageOut(head))];
        Assert.All(heads, head => Assert.Equal(SwapStatus.Done, rig.Space.Drop(head, SwapShadow.None, 1)));

        Assert.Equal((40L, 60L), (group.Memory, group.Swap));
        rig.Space.Validate();
        Assert.Equal(SwapStatus.Done, rig.Space.AddForSwapIn(entries[7], heads[7], 0, out _, out ushort charged));
        Assert.Equal((1, 41L, 59L), (charged, group.Memory, group.Swap));
        rig.Space.Validate();

        // Memory has room for 59 more, and memory and swap together for 200.
        Assert.True(rig.Space.Groups.TryChargePages(1, 59));
        Assert.Equal(SwapStatus.Done, rig.Space.Drop(heads[7], SwapShadow.None, 1));
        Assert.Equal(SwapStatus.Done, rig.Space.Put(entries[0], 60));
        Assert.Equal(0, group.Swap);
        rig.Space.Validate();
    }

    [Fact]
    public void V1_MemoryAndSwapTogether_AreLimited()
    {
        SwapGroups groups = new(GroupScope.V1, 10);
        Assert.True(groups.TryAdd(1, new SwapGroup { SwapLimit = 100 }));
        Assert.True(groups.TryAdd(2, new SwapGroup { Parent = 1 }));
        Assert.True(groups.TryChargePages(2, 80));
        groups.MoveToSwap(2, 50);

        Assert.True(groups.TryChargePages(2, 20));
        Assert.False(groups.TryChargePages(2, 1));
        Assert.Equal((50L, 50L, 50L, 50L), (groups[1].Memory, groups[1].Swap, groups[2].Memory, groups[2].Swap));
    }

    [Fact]
    public void V2_HalfOfHighOrMax_CountsAsFull()
    {
        SwapGroups groups = new(GroupScope.V2, 10);
        Assert.True(groups.TryAdd(1, new SwapGroup { SwapLimit = 100 }));
        Assert.True(groups.TryAdd(2, new SwapGroup { Parent = 1, SwapHigh = 40 }));
        Assert.True(groups.TryAdd(3, new SwapGroup { Parent = 1 }));

        Assert.True(groups.TryCharge(2, 19));
        Assert.False(groups.IsHalfUsed(2));
        Assert.True(groups.TryCharge(2, 1));
        Assert.True(groups.IsHalfUsed(2));
        Assert.False(groups.IsHalfUsed(3));
        Assert.True(groups.TryCharge(3, 30));
        Assert.True(groups.IsHalfUsed(3));
    }

    [Fact]
    public void Group_UnknownOrTaken_IsRefused()
    {
        SwapGroups groups = new(GroupScope.V2, 10);

        Assert.False(groups.TryAdd(0, new SwapGroup()));
        Assert.False(groups.TryAdd(11, new SwapGroup()));
        Assert.False(groups.TryAdd(2, new SwapGroup { Parent = 1 }));
        Assert.True(groups.TryAdd(1, new SwapGroup()));
        Assert.False(groups.TryAdd(1, new SwapGroup()));
        using SwapRig rig = SwapRig.Make("compact", scope: GroupScope.V2);
        rig.Mount(600);
        Assert.Equal(SwapStatus.Invalid, rig.Space.Allocate(0, rig.NewFolio(), 0, 5, out _));
        Assert.False(rig.Space.Groups.TryAdd(512, new SwapGroup()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Tier_NotTheGroups_IsLeftOutEvenWhereACpuGoesOn(int scope)
    {
        using SwapRig rig = SwapRig.Make("compact", scope: (GroupScope)scope);
        rig.Mount(2048, new SwapDeviceOptions { Priority = 10, Tier = 0 });
        rig.Mount(2048, new SwapDeviceOptions { Priority = 5, Tier = 1 });
        Assert.True(rig.Space.Groups.TryAdd(1, new SwapGroup { Tiers = 0b10 }));
        Assert.True(rig.Space.Groups.TryAdd(2, new SwapGroup { Parent = 1 }));

        // Group 0 on a CPU of its own: else it would go on in the cluster that the others' CPU has come to.
        int[] devices = [.. Enumerable.Range(0, 6).Select(i => rig.PageOut(cpu: i % 3 == 0 ? 1 : 0, group: (ushort)(i % 3)).Device)];

        Assert.Equal([0, 1, 1, 0, 1, 1], devices);
        Assert.Equal((1, 0), (rig.PageOut(cpu: 0).Device, rig.PageOut(cpu: 1, group: 0).Device));
        while (rig.PageOut(group: 2).IsSome)
        {
        }

        Assert.Equal((3, 2047), (rig.Used(0), rig.Used(1)));
        Assert.Equal(0, rig.PageOut().Device);
        rig.Space.Validate();
    }
}
