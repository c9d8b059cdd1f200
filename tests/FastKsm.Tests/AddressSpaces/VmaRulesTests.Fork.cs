using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <content>Regions inherited by fork: rows C26 to C30, C87 and C88.</content>
public sealed partial class VmaRulesTests
{
    [Fact]
    public void Map_BehindAForkedChildsRegion_DependsOnItsAnonVma_C26_C27()
    {
        Written(At, 1);
        Untouched(At + 50, 1);
        ModelProcess child = _process.Fork();

        _ = child.MapAt(At + 1, 1);
        _ = child.MapAt(At + 51, 1);

        Assert.Equal(3, child.MapCount);
    }

    [Fact]
    public void Protect_ForkedChildsRegion_SplitsAndMerges_C28()
    {
        Written(At, 3);
        ModelProcess child = _process.Fork();

        child.Protect((At + 1) * Page, Page, R);
        Assert.Equal(3, child.MapCount);
        child.Protect((At + 1) * Page, Page, W);

        Assert.Equal(1, child.MapCount);
    }

    [Fact]
    public void Map_HoleInAForkedChildsRegion_StaysApart_C29_C30()
    {
        Written(At, 3);
        ModelProcess child = _process.Fork();

        foreach (ModelProcess process in new[] { child, _process })
        {
            process.Unmap((At + 1) * Page, Page);
            Assert.Equal(2, process.MapCount);
            _ = process.MapAt(At + 1, 1);
        }

        Assert.Equal((3, 1), (child.MapCount, _process.MapCount));
    }

    [Theory]
    [InlineData(true, 3)] // C87
    [InlineData(false, 1)] // C88
    public void Protect_PiecesInheritedByFork_StayApartInTheChildIfWritten(bool written, int childVmas)
    {
        Region(At, 3, written);
        Protect(At + 1, 1, R);
        ModelProcess child = _process.Fork();

        child.Protect((At + 1) * Page, Page, W);
        Protect(At + 1, 1, W);

        Assert.Equal((childVmas, 1), (child.MapCount, _process.MapCount));
    }
}
