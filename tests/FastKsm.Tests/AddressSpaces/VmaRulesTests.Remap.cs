using System.Linq;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <content>mremap: rows C19 to C24 and C90.</content>
public sealed partial class VmaRulesTests
{
    [Fact]
    public void Remap_ExchangeOfTwoWrittenPages_LeavesTwoVmas_C19()
    {
        Written(At, 2);
        _process.Poke((At + 1) * Page, 2);

        Move(At, 1, At + 50);
        Move(At + 1, 1, At);
        Move(At + 50, 1, At + 1);

        Expect(2);
        Assert.Equal((2, 1), (_process.Peek(At * Page), _process.Peek((At + 1) * Page)));
    }

    [Theory]
    [InlineData(true, 2)] // C20: index kept
    [InlineData(false, 1)] // C21: index reset
    public void Remap_NextToAFreshPage_MergesOnlyIfUntouched(bool written, int vmas)
    {
        Untouched(At, 1);
        Region(At + 50, 1, written);

        Move(At + 50, 1, At + 1);

        Expect(vmas);
    }

    [Fact]
    public void Remap_MiddleAwayAndBack_MergesAgain_C22()
    {
        Written(At, 5);

        Move(At + 2, 1, At + 50);
        Expect(3);
        Move(At + 50, 1, At + 2);

        Expect(1);
        Assert.Equal(5, Enumerable.Range(0, 5).Sum(i => _process.Peek((At + (ulong)i) * Page)));
    }

    [Fact]
    public void Remap_TwoHalvesToAdjacentPlaces_MergeThere_C23()
    {
        Written(At, 4);

        Move(At, 2, At + 50);
        Expect(2);
        Move(At + 2, 2, At + 52);

        Expect(1);
    }

    [Fact]
    public void Remap_GrowUpToTheNext_MergesWithIt_C24()
    {
        Untouched(At, 2);
        Untouched(At + 4, 2);

        ulong grown = _process.Remap(At * Page, 2 * Page, 4 * Page, mayMove: false);

        Assert.Equal(At * Page, grown);
        Expect(1);
    }

    [Fact]
    public void Remap_MiddleAwayHoleRefilledAndBack_KeepsTheOldValue_C90()
    {
        Written(At, 3);
        Move(At + 1, 1, At + 50);
        Untouched(At + 1, 1);
        _process.Poke((At + 1) * Page, 9);
        Expect(2);

        Move(At + 50, 1, At + 1);

        Expect(1);
        Assert.Equal(1, _process.Peek((At + 1) * Page));
    }

    [Fact]
    public void Remap_RefusedForms_GiveLinuxErrors()
    {
        Written(At, 4);
        Protect(At + 2, 1, R);

        Refused(Errno.BadAddress, () => _process.Remap(At * Page, 4 * Page, 5 * Page));
        Refused(Errno.BadAddress, () => _process.Remap((At + 90) * Page, Page, 2 * Page));
        Refused(Errno.NoMemory, () => _process.Remap(At * Page, Page, 2 * Page, mayMove: false));
        Refused(Errno.Invalid, () => _process.Remap(At * Page, 2 * Page, 2 * Page, to: (At + 1) * Page));

        Assert.Equal(At * Page, _process.Remap(At * Page, 4 * Page, 4 * Page));
    }

    [Fact]
    public void Remap_SeveralVmasAndAHoleToAGivenPlace_MovesEachAndLeavesTheRestThere()
    {
        Written(At, 2);
        Protect(At + 1, 1, R);
        _ = _process.MapAt(At + 4, 2, R);
        _ = _process.MapAt(At + 50, 10, W | Protection.Execute);

        Move(At, 6, At + 50);

        Expect(5);
        Assert.Equal((1, 1), (_process.Peek((At + 50) * Page), _process.Peek((At + 51) * Page)));
        _process.Poke((At + 52) * Page, 1);
        Assert.Throws<SegmentationFaultException>(() => _process.Poke((At + 54) * Page, 1));
    }

    [Fact]
    public void Remap_ShrunkToAGivenPlace_DropsATailInAnotherVma()
    {
        Written(At, 4);
        _ = _process.MapAt(At + 4, 3, R);

        Assert.Equal((At + 50) * Page, _process.Remap(At * Page, 6 * Page, 4 * Page, to: (At + 50) * Page));
        Expect(2);
        Refused(Errno.BadAddress, () => _process.Remap((At + 50) * Page, 6 * Page, 5 * Page, to: (At + 90) * Page));

        Expect(2);
    }
}
