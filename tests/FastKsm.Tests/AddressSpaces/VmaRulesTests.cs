using System;
using System.Linq;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>When VMAs split and merge: rows C01 to C39 and C83 to C91 of rmap.md, by their numbers.</summary>
/// <remarks>"w" is a written region, "u" an untouched one; R read-only, W readable and writable.</remarks>
public sealed partial class VmaRulesTests : IDisposable
{
    private const ulong Page = Machines.Page;
    private const ulong At = 1000;
    private const Protection W = Protection.Read | Protection.Write;
    private const Protection R = Protection.Read;

    private readonly Machine _machine = Machines.Small(frames: 4096, maxMapCount: 1000);
    private readonly Process _process;

    public VmaRulesTests() => _process = _machine.Spawn();

    public void Dispose()
    {
        _machine.Validate();
        _machine.Dispose();
    }

    [Fact]
    public void Map_ThreeAdjacentPages_IsOneVma_C01()
    {
        Untouched(At, 1);
        Untouched(At + 2, 1);
        Untouched(At + 1, 1);

        Expect(1);
    }

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
    public void Map_HoleBetweenSeparatelyWrittenNeighbours_JoinsOnlyTheLower_C06()
    {
        Written(At, 1);
        Written(At + 2, 1);

        Untouched(At + 1, 1);
        Expect(2);
        _process.Unmap(At * Page, 2 * Page);

        Expect(1);
    }

    [Fact]
    public void Map_HoleBetweenReadNeighbours_JoinsBoth_C07()
    {
        Untouched(At, 1);
        Untouched(At + 2, 1);
        _ = _process.Peek(At * Page) + _process.Peek((At + 2) * Page);

        Untouched(At + 1, 1);

        Expect(1);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Map_HoleWithOneWrittenNeighbourAtMost_JoinsBoth_C08(bool low, bool high)
    {
        Region(At, 1, low);
        Region(At + 2, 1, high);

        Untouched(At + 1, 1);

        Expect(1);
    }

    [Fact]
    public void Map_HoleAfterDontNeed_RemembersAnonVmas_C09()
    {
        Written(At, 1);
        Written(At + 2, 1);
        _process.Advise(At * Page, Page, Advice.DontNeed);
        _process.Advise((At + 2) * Page, Page, Advice.DontNeed);

        Untouched(At + 1, 1);

        Expect(2);
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
    public void Map_UnmappedMiddle_JoinsAgain_C12()
    {
        Written(At, 3);
        _process.Unmap((At + 1) * Page, Page);
        Expect(2);

        Untouched(At + 1, 1);

        Expect(1);
    }

    [Fact]
    public void Map_FixedOverTheMiddle_IsOneVmaWithAZeroMiddle_C13()
    {
        Written(At, 5);

        Untouched(At + 2, 1);

        Expect(1);
        Assert.Equal([1, 1, 0, 1, 1], Enumerable.Range(0, 5).Select(i => (int)_process.Peek((At + (ulong)i) * Page)));
    }

    [Fact]
    public void Write_PiecesDifferingInProtection_ShareAnAnonVma_C14()
    {
        Untouched(At, 2);
        Protect(At + 1, 1, W | Protection.Execute);
        _process.Touch(At * Page, 2);
        Assert.Equal(1u, _machine.Store.AnonVmas.Count);

        Protect(At + 1, 1, W);

        Expect(1);
    }

    [Fact]
    public void Write_PiecesDifferingInDontDump_DoNot_C15()
    {
        Untouched(At, 2);
        _process.Advise((At + 1) * Page, Page, Advice.DontDump);
        _process.Touch(At * Page, 2);
        Assert.Equal(2u, _machine.Store.AnonVmas.Count);

        _process.Advise((At + 1) * Page, Page, Advice.DoDump);

        Expect(2);
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

    [Fact]
    public void Map_BehindAForkedChildsRegion_DependsOnItsAnonVma_C26_C27()
    {
        Written(At, 1);
        Untouched(At + 50, 1);
        Process child = _process.Fork();

        _ = child.MapAt(At + 1, 1);
        _ = child.MapAt(At + 51, 1);

        Assert.Equal(3, child.MapCount);
    }

    [Fact]
    public void Protect_ForkedChildsRegion_SplitsAndMerges_C28()
    {
        Written(At, 3);
        Process child = _process.Fork();

        child.Protect((At + 1) * Page, Page, R);
        Assert.Equal(3, child.MapCount);
        child.Protect((At + 1) * Page, Page, W);

        Assert.Equal(1, child.MapCount);
    }

    [Fact]
    public void Map_HoleInAForkedChildsRegion_StaysApart_C29_C30()
    {
        Written(At, 3);
        Process child = _process.Fork();

        foreach (Process process in new[] { child, _process })
        {
            process.Unmap((At + 1) * Page, Page);
            Assert.Equal(2, process.MapCount);
            _ = process.MapAt(At + 1, 1);
        }

        Assert.Equal((3, 1), (child.MapCount, _process.MapCount));
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

    [Fact]
    public void Protect_EveryOtherPage_SharesOneAnonVma_C33_C36()
    {
        const int Pages = 800;
        Written(At, Pages);
        for (ulong i = 0; i < Pages; i += 2)
        {
            Protect(At + i, 1, R);
        }

        Expect(Pages);
        Assert.Equal((1u, (uint)Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));

        Process child = _process.Fork();
        Assert.Equal((1u + Pages, 3u * Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));
        child.Exit();

        Assert.Equal((1u, (uint)Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));
    }

    [Theory]
    [InlineData(true, 1u)] // C34
    [InlineData(false, 200u)] // C35
    public void Write_AfterSplitting_SharesByWhatDiffers(bool byProtection, uint anonVmas)
    {
        const int Pages = 200;
        Untouched(At, Pages);
        for (ulong i = 0; i < Pages; i += 2)
        {
            if (byProtection)
            {
                Protect(At + i, 1, W | Protection.Execute);
            }
            else
            {
                _process.Advise((At + i) * Page, Page, Advice.DontDump);
            }
        }

        _process.Touch(At * Page, Pages);

        Assert.Equal((anonVmas, (uint)Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));
    }

    [Fact]
    public void Limits_AtTheMapCount_RefuseWhatLinuxRefuses_C39()
    {
        for (ulong i = 0; i < 998; i++)
        {
            _ = _process.MapAt(At + (i * 8), 3);
        }

        Protect(At, 1, R);
        Protect(At, 1, W);
        _ = _process.MapAt(At + (998 * 8), 3);
        _ = _process.MapAt(At + (999 * 8), 3);
        Assert.Equal(1000, _process.MapCount);

        Refused(Errno.NoMemory, () => Protect(At + 1, 1, R));
        Refused(Errno.NoMemory, () => Protect(At, 1, R));
        Refused(Errno.NoMemory, () => _process.Unmap((At + 1) * Page, Page));
        Refused(Errno.NoMemory, () => Move(At, 1, 50_000));
        _process.Unmap(At * Page, Page);
        _ = _process.MapAt(60_000, 1);
        Refused(Errno.NoMemory, () => _process.MapAt(60_010, 1));

        Assert.Equal(1001, _process.MapCount);
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

    [Theory]
    [InlineData(true, 3)] // C87
    [InlineData(false, 1)] // C88
    public void Protect_PiecesInheritedByFork_StayApartInTheChildIfWritten(bool written, int childVmas)
    {
        Region(At, 3, written);
        Protect(At + 1, 1, R);
        Process child = _process.Fork();

        child.Protect((At + 1) * Page, Page, W);
        Protect(At + 1, 1, W);

        Assert.Equal((childVmas, 1), (child.MapCount, _process.MapCount));
    }

    [Fact]
    public void SetMergesAnything_NewAndOldMappings_AreMergeableAndStillMerge()
    {
        Untouched(At, 1);
        _process.SetMergesAnything(true);
        Untouched(At + 1, 1);
        Untouched(At + 2, 1);
        _ = _process.Map(Page, new MapOptions { At = (At + 10) * Page, Shared = true });

        Expect(2);
        Process child = _process.Fork();
        child.Exec();

        Assert.True(child.MergesAnything);
        Assert.Equal(0, child.MapCount);
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

    private void Region(ulong page, ulong pages, bool written)
    {
        _ = _process.MapAt(page, pages);
        if (written)
        {
            _process.Touch(page * Page, (int)pages);
        }
    }

    private void Written(ulong page, ulong pages) => Region(page, pages, written: true);

    private void Untouched(ulong page, ulong pages) => Region(page, pages, written: false);

    private void Protect(ulong page, ulong pages, Protection protection) =>
        _process.Protect(page * Page, pages * Page, protection);

    private void Move(ulong page, ulong pages, ulong to) =>
        Assert.Equal(to * Page, _process.Remap(page * Page, pages * Page, pages * Page, to: to * Page));

    private void Expect(int vmas) => Assert.Equal(vmas, _process.MapCount);

    private static void Refused(Errno error, Action action) =>
        Assert.Equal(error, Assert.Throws<MemoryOperationException>(action).Error);
}
