using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Owners;

public sealed class InstanceSweepTests
{
    public InstanceSweepTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");

    [Fact]
    public void Reckon_TwoProcesses_SavesWhatTheOtherHasAndOwnCopies()
    {
        using PageSet pages = new();
        int first = pages.AddProcess("a");
        int second = pages.AddProcess("a");
        Fill(pages, first, (7, 1), (8, 2), (9, 3), (9, 4), (20, 30));
        Fill(pages, second, (7, 5), (8, 6), (10, 7), (20, 30));

        InstanceEstimate one = Assert.Single(pages.Divide().ByOwner).Instance;

        // First: 7, 8, 9, 9 are its own, of which 7, 8 and a 9 are saved. Second: 7, 8, 10, of which 7 and 8. 20 is shared by fork.
        Assert.Equal((2, 3.5, 2.5, 4.5), (one.Instances, one.OwnPages, one.SavedPages, one.Records));
        Assert.False(one.IsLeast);
        Assert.Equal(10 * 3.5 * 4096, one.Unmerged(10, 4096));
        Assert.Equal(10 * ((1.0 * 4096) + (4.5 * 64)), one.Merged(10, 4096));
    }

    [Fact]
    public void Reckon_OneProcess_SavesItsZeroesAndCopiesAtLeast()
    {
        using PageSet pages = new();
        Fill(pages, pages.AddProcess("a"), (PageSet.Zeroes, 1), (PageSet.Zeroes, 2), (8, 3), (8, 4), (9, 5));

        InstanceEstimate one = Assert.Single(pages.Divide(useZeroPages: true).ByOwner).Instance;

        Assert.Equal((1, 5.0, 3.0, 3.0), (one.Instances, one.OwnPages, one.SavedPages, one.Records));
        Assert.True(one.IsLeast);
    }

    // Another owner's copies say nothing of what one more of this owner has.
    [Fact]
    public void Reckon_CopiesInAnotherOwner_DoNotCount()
    {
        using PageSet pages = new();
        Fill(pages, pages.AddProcess("a"), (7, 1));
        Fill(pages, pages.AddProcess("b"), (7, 2));

        Assert.All(pages.Divide().ByOwner, owner => Assert.Equal((1.0, 0.0), (owner.Instance.OwnPages, owner.Instance.SavedPages)));
    }

    [Fact]
    public void Reckon_AnyPages_IsWhatLeavingEachProcessOutShows() => Property.ForAllScripts(
        random => (Process: random.Next(5), Content: (ulong)random.Next(1, 9), Frame: (ulong)random.Next(20)),
        script =>
        {
            using PageSet pages = new();
            Page[] all =
            [
                .. script.OrderBy(page => page.Process)
                    .Select(page => new Page(page.Process, page.Process % 2, page.Content, 1 + page.Frame + (page.Content * 100))),
            ];
            foreach (IGrouping<int, Page> process in all.GroupBy(page => page.Process))
            {
                Fill(pages, pages.AddProcess($"{process.Key % 2}"), [.. process.Select(page => (page.Content, page.Frame))]);
            }

            OwnerSaving[] owners = pages.Divide().ByOwner;

            int[] order = [.. all.Select(page => page.Owner).Distinct()];
            for (int owner = 0; owner < order.Length; owner++)
            {
                Assert.Equal(Naive([.. all.Where(page => page.Owner == order[owner])]), owners[owner].Instance);
            }
        },
        cases: 200,
        length: 60);

    private static InstanceEstimate Naive(Page[] ofOwner)
    {
        long own = 0;
        long saved = 0;
        int[] processes = [.. ofOwner.Select(page => page.Process).Distinct()];
        foreach (int process in processes)
        {
            Page[] others = [.. ofOwner.Where(page => page.Process != process)];
            Page[] frames =
            [
                .. ofOwner.Where(page => page.Process == process && others.All(other => other.Frame != page.Frame))
                    .DistinctBy(page => page.Frame),
            ];
            HashSet<ulong> known = [.. others.Select(page => page.Content)];
            own += frames.Length;
            saved += frames.Count(page => !known.Add(page.Content));
        }

        return InstanceEstimate.Average(processes.Length, own, saved, ofOwner.Length);
    }

    private static void Fill(PageSet pages, int process, params (ulong Content, ulong Frame)[] all)
    {
        foreach ((ulong content, ulong frame) in all)
        {
            pages.Add(process, content, frame);
        }
    }

    private sealed record Page(int Process, int Owner, ulong Content, ulong Frame);
}
