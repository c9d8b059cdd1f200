using System;
using System.Linq;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Owners;

public sealed class OwnerDivisionTests
{
    public OwnerDivisionTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");

    [Fact]
    public void Divide_CopiesInThreeOwners_CountsCopiesLessOneWithinAndOwnersLessOneAcross()
    {
        using PageSet pages = new();
        Fill(pages, "a", (7, 1), (7, 2), (7, 3), (8, 4));
        Fill(pages, "b", (7, 5), (7, 6));
        Fill(pages, "c", (7, 7), (9, 8));

        (long saved, OwnerSaving[] owners) = pages.Divide();

        Assert.Equal(5, saved);
        Assert.Equal([(2, 0, 3), (1, 1, 2), (0, 1, 1)], owners.Select(Figures));
    }

    [Fact]
    public void Divide_FrameThatForkShares_BelongsToTheFirstOwner()
    {
        using PageSet pages = new();
        Fill(pages, "a", (7, 1), (7, 2));
        Fill(pages, "b", (7, 1), (7, 3));

        (long saved, OwnerSaving[] owners) = pages.Divide();

        Assert.Equal(2, saved);
        Assert.Equal([(1, 0, 2), (0, 1, 2)], owners.Select(Figures));
    }

    // Six copies at two a frame take three frames: alone, a would need two and b one, so nothing is saved across.
    [Fact]
    public void Divide_MoreCopiesThanAFrameMayHave_CountsTheFramesThatEachWouldNeedAlone()
    {
        using PageSet pages = new();
        Fill(pages, "a", (7, 1), (7, 2), (7, 3), (7, 4));
        Fill(pages, "b", (7, 5), (7, 6));

        (long saved, OwnerSaving[] owners) = pages.Divide(maxPageSharing: 2);

        Assert.Equal(3, saved);
        Assert.Equal([(2, 0), (1, 0)], owners.Select(owner => (owner.WithinPages, owner.AcrossPages)));
    }

    [Fact]
    public void Divide_MergedToday_CountsAddressesAsCopies()
    {
        using PageSet pages = new();
        int a = pages.AddProcess("a");
        pages.Add(a, 7, 1, isKsm: true);
        pages.Add(a, 7, 1, isKsm: true);
        pages.Add(pages.AddProcess("b"), 7, 1, isKsm: true);

        (long saved, OwnerSaving[] owners) = pages.Divide();

        Assert.Equal(2, saved);
        Assert.Equal([(1, 0), (0, 1)], owners.Select(owner => (owner.WithinPages, owner.AcrossPages)));
    }

    [Fact]
    public void Divide_ZeroesThatBecomeTheZeroFrame_AreSavedWithin()
    {
        using PageSet pages = new();
        Fill(pages, "a", (PageSet.Zeroes, 1), (PageSet.Zeroes, 2));
        Fill(pages, "b", (PageSet.Zeroes, 3));

        (long saved, OwnerSaving[] owners) = pages.Divide(useZeroPages: true);

        Assert.Equal(3, saved);
        Assert.Equal([(2, 0), (1, 0)], owners.Select(owner => (owner.WithinPages, owner.AcrossPages)));
    }

    [Fact]
    public void Divide_AnyPages_AddsUpToTheWholeSaving() => Property.ForAllScripts(
        random => (
            Process: random.Next(6), Content: (ulong)random.Next(7), Frame: (ulong)random.Next(40), IsKsm: random.Next(12) == 0,
            IsPinned: random.Next(25) == 0),
        script =>
        {
            foreach ((int limit, bool useZeroPages) in new[] { (2, false), (3, true), (256, false) })
            {
                using PageSet pages = new();
                foreach (var process in script.GroupBy(page => page.Process).OrderBy(group => group.Key))
                {
                    int added = pages.AddProcess($"owner {process.Key / 2}");
                    foreach (var page in process)
                    {
                        // Frames have one content and are KSM pages or not.
                        ulong frame = 1 + page.Frame + (page.Content * 100) + (page.IsKsm ? 10_000u : 0);
                        pages.Add(added, page.Content, frame, page.IsKsm, page.IsPinned && !page.IsKsm);
                    }
                }

                (long saved, OwnerSaving[] owners) = pages.Divide(limit, useZeroPages);

                Assert.Equal(saved, owners.Sum(owner => owner.WithinPages + owner.AcrossPages));
                Assert.All(owners, owner => Assert.True(owner is { WithinPages: >= 0, AcrossPages: >= 0 }, $"{owner}"));
            }
        },
        cases: 300,
        length: 60);

    // What an owner saves within is what evaluating it alone shows.
    [Fact]
    public void Divide_FramesOfTheirOwn_SavesWithinWhatTheOwnerWouldSaveAlone() => Property.ForAllScripts(
        random => (Owner: random.Next(3), Content: (ulong)random.Next(9)),
        script =>
        {
            using PageSet all = new();
            ulong frame = 0;
            foreach (var owner in script.GroupBy(page => page.Owner).OrderBy(group => group.Key))
            {
                Fill(all, $"{owner.Key}", [.. owner.Select(page => (page.Content, ++frame))]);
            }

            (_, OwnerSaving[] owners) = all.Divide(maxPageSharing: 3);

            int next = 0;
            foreach (var owner in script.GroupBy(page => page.Owner).OrderBy(group => group.Key))
            {
                using PageSet alone = new();
                Fill(alone, "alone", [.. owner.Select(page => (page.Content, ++frame))]);
                Assert.Equal(alone.Divide(maxPageSharing: 3).Saved, owners[next++].WithinPages);
            }
        },
        cases: 200,
        length: 80);

    private static (long, long, long) Figures(OwnerSaving owner) => (owner.WithinPages, owner.AcrossPages, owner.SharedPages);

    private static void Fill(PageSet pages, string owner, params (ulong Content, ulong Frame)[] all)
    {
        int process = pages.AddProcess(owner);
        foreach ((ulong content, ulong frame) in all)
        {
            pages.Add(process, content, frame);
        }
    }
}
