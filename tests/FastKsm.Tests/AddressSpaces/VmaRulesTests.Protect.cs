using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <content>mprotect, madvise, mlock: rows C02 to C05, C10, C11, C16 to C18, C31, C32 and C84 to C86.</content>
public sealed partial class VmaRulesTests
{
    [Theory]
    [InlineData(false)] // C02
    [InlineData(true)] // C03
    public void Protect_MiddleAndBack_SplitsAndMerges(bool written)
    {
        Region(At, 5, written);

        Protect(At + 2, 1, R);
        Expect(3);
        Protect(At + 2, 1, W);

        Expect(1);
    }

    [Fact]
    public void Protect_HeadNextToLikeNeighbour_MovesTheBorder_C04_C05()
    {
        Written(At, 4);
        Protect(At, 1, R);
        Protect(At + 1, 1, R);
        Expect(2);

        Protect(At + 3, 1, R);
        Protect(At + 2, 1, R);

        Expect(1);
    }

    [Fact]
    public void Protect_MiddleOfOneAnonVma_JoinsBoth_C10()
    {
        Written(At, 3);
        Protect(At, 1, R);
        Protect(At + 2, 1, R);
        Expect(3);

        Protect(At + 1, 1, R);

        Expect(1);
    }

    [Fact]
    public void Protect_SameProtection_DoesNothing_C11()
    {
        Written(At, 5);

        Protect(At + 2, 1, W);

        Expect(1);
    }

    [Fact]
    public void Advise_WrittenThenSplitByDontDump_MergesAgain_C16()
    {
        Written(At, 2);
        _process.Advise((At + 1) * Page, Page, Advice.DontDump);
        Expect(2);

        _process.Advise((At + 1) * Page, Page, Advice.DoDump);

        Expect(1);
    }

    [Theory]
    [InlineData(true, 2)] // C17: accounted for, because written
    [InlineData(false, 1)] // C18
    public void Protect_ReadOnlyNextToBornReadOnly_DependsOnAccounting(bool written, int vmas)
    {
        _ = _process.MapAt(At, 1, R);
        Region(At + 1, 1, written);

        Protect(At + 1, 1, R);

        Expect(vmas);
    }

    [Theory]
    [InlineData(Advice.DontNeed, 1)] // C31
    [InlineData(Advice.Free, 1)]
    [InlineData(Advice.Cold, 1)]
    [InlineData(Advice.PopulateRead, 1)]
    [InlineData(Advice.PopulateWrite, 1)]
    [InlineData(Advice.Random, 3)] // C32
    [InlineData(Advice.Sequential, 3)]
    [InlineData(Advice.DontFork, 3)]
    [InlineData(Advice.WipeOnFork, 3)]
    [InlineData(Advice.DontDump, 3)]
    [InlineData(Advice.Mergeable, 3)]
    [InlineData(Advice.HugePage, 3)]
    [InlineData(Advice.NoHugePage, 3)]
    public void Advise_Middle_SplitsOnlyForFlags(Advice advice, int vmas)
    {
        Written(At, 5);

        _process.Advise((At + 2) * Page, Page, advice);

        Expect(vmas);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Protect_WholeVmaLikeItsNeighbour_IsTakenIn_C84(bool lowIsReadOnly)
    {
        Written(At, 4);
        Protect(lowIsReadOnly ? At : At + 2, 2, R);
        Expect(2);

        Protect(lowIsReadOnly ? At + 2 : At, 2, R);

        Expect(1);
    }

    [Fact]
    public void Protect_AllThenEnds_FollowsTheCases_C85()
    {
        Written(At, 4);
        Protect(At, 4, R);
        Expect(1);
        Protect(At, 1, W);
        Expect(2);

        Protect(At + 3, 1, W);

        Expect(3);
    }

    [Fact]
    public void ProtectAndAdvise_OverAHole_StopAndGoOn_C86()
    {
        Written(At, 2);
        Written(At + 3, 1);

        Refused(Errno.NoMemory, () => Protect(At, 4, R));
        Assert.Throws<SegmentationFaultException>(() => _process.Poke(At * Page, 2));
        _process.Poke((At + 3) * Page, 2);
        Refused(Errno.NoMemory, () => _process.Advise(At * Page, 4 * Page, Advice.DontNeed));

        Assert.Equal((0, 0), (_process.Peek(At * Page), _process.Peek((At + 3) * Page)));
    }

    [Fact]
    public void Lock_MiddleAndBack_SplitsAndMerges()
    {
        Untouched(At, 5);

        _process.Lock((At + 2) * Page, Page);
        Expect(3);
        Assert.Equal(1, _process.ResidentAnonymousPages);
        Refused(Errno.Invalid, () => _process.Advise((At + 2) * Page, Page, Advice.DontNeed));
        _process.Unlock((At + 2) * Page, Page);

        Expect(1);
    }
}
