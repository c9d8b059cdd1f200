using System;
using System.Linq;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>When VMAs split and merge: rows C01 to C39 and C83 to C91 of rmap.md, by their numbers.</summary>
/// <remarks>R is read-only, W readable and writable. Here: mmap and its limit.</remarks>
public sealed partial class VmaRulesTests : IDisposable
{
    private const ulong Page = Machines.Page;
    private const ulong At = 1000;
    private const Protection W = Protection.Read | Protection.Write;
    private const Protection R = Protection.Read;

    private readonly Machine _machine = Machines.Small(frames: 4096, maxMapCount: 1000);
    private readonly ModelProcess _process;

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

    [Fact]
    public void SetMergesAnything_NewAndOldMappings_AreMergeableAndStillMerge()
    {
        Untouched(At, 1);
        _process.SetMergesAnything(true);
        Untouched(At + 1, 1);
        Untouched(At + 2, 1);
        _ = _process.Map(Page, new MapOptions { At = (At + 10) * Page, Shared = true });

        Expect(2);
        ModelProcess child = _process.Fork();
        child.Exec();

        Assert.True(child.MergesAnything);
        Assert.Equal(0, child.MapCount);
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
