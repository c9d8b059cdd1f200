using System;
using System.Linq;
using FastKsm.Cli.Evaluation;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

/// <summary>What becomes of the pages of one content; the expected figures were seen on Linux 6.18.</summary>
public sealed class ContentClassTests
{
    // n equal pages on frames of their own: n / M KSM pages, one more for two or more left over, unshared for one.
    [Theory]
    [InlineData(2, 3, 1, 2, 1)]
    [InlineData(2, 4, 2, 4, 0)]
    [InlineData(2, 5, 2, 4, 1)]
    [InlineData(2, 6, 3, 6, 0)]
    [InlineData(3, 5, 2, 5, 0)]
    [InlineData(3, 7, 2, 6, 1)]
    [InlineData(3, 8, 3, 8, 0)]
    [InlineData(4, 9, 2, 8, 1)]
    [InlineData(5, 12, 3, 12, 0)]
    [InlineData(256, 512, 2, 512, 0)]
    [InlineData(256, 1000, 4, 1000, 0)]
    [InlineData(256, 2000, 8, 2000, 0)]
    public void Follow_EqualPagesOnFramesOfTheirOwn_FillsNodesUpToTheLimit(int limit, int pages, int nodes, int merged, int unshared)
    {
        ContentClass content = new(limit);

        content.Follow(Pages([.. Enumerable.Range(0, pages)]));

        Assert.Equal((nodes, merged, unshared), (content.NodeCount, content.Merged, content.Unshared));
        Assert.Equal((pages, nodes + unshared), (content.FramesBefore, content.FramesAfter));
    }

    [Fact]
    public void Follow_OneFrameSharedByFork_NeverMergesWithItself()
    {
        ContentClass content = new(256);

        content.Follow(Pages(7, 7, 7));

        Assert.Equal((0, 0, 1), (content.NodeCount, content.Merged, content.Unshared));
        Assert.Equal((1, 1), (content.FramesBefore, content.FramesAfter));
    }

    // A parent with two equal pages forks: the child's addresses join in the next scan. Shared 1, sharing 3.
    [Fact]
    public void Follow_TwoFramesSharedByFork_MergesAllAddresses()
    {
        ContentClass content = new(256);

        content.Follow(Pages(1, 2, 1, 2));

        Assert.Equal((1, 4, 0), (content.NodeCount, content.Merged, content.Unshared));
        Assert.Equal((2, 1), (content.FramesBefore, content.FramesAfter));
    }

    // Four sharers at the limit of four, then fork: the child's addresses are on the KSM frame and exceed the limit.
    [Fact]
    public void Follow_ForkOfFullKsmPage_ExceedsTheLimit()
    {
        ContentClass content = new(4);

        content.Follow(KsmPages(1, 1, 1, 1, 1, 1, 1, 1));

        Assert.Equal((1, 8, 0), (content.NodeCount, content.Merged, content.Unshared));
    }

    [Fact]
    public void Follow_PageEqualToKsmPageWithRoom_Joins()
    {
        ContentClass content = new(256);
        PageRecord[] pages = [.. KsmPages(1, 1), .. Pages(2)];

        content.Follow(pages);

        Assert.Equal((1, 3, 0), (content.NodeCount, content.Merged, content.Unshared));
    }

    [Fact]
    public void Follow_OneAddressOnKsmPage_StaysShared()
    {
        ContentClass content = new(256);

        content.Follow(KsmPages(1));

        Assert.Equal((1, 1, 0), (content.NodeCount, content.Merged, content.Unshared));
    }

    // Whatever the frames and the limit: every page is somewhere, and no merge is left to do.
    [Fact]
    public void Follow_RandomFrames_KeepsTheBooksBalanced()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int round = 0; round < 2000; round++)
        {
            int limit = random.Next(2, 6);
            ContentClass content = new(limit);
            int[] frames = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(0, 12))];
            content.Follow(Pages(frames));

            int[] left = [.. Enumerable.Range(0, frames.Length).Where(page => !content.IsMerged(page)).Select(page => frames[page])];
            string about = $"seed {seed}, round {round}, limit {limit}, frames {string.Join(' ', frames)}";
            Assert.True(left.Distinct().Count() <= 1, $"two frames are left unmerged: {about}");
            Assert.True(content.Unshared == Math.Min(left.Length, 1), about);
            Assert.True(content.Merged == frames.Length - left.Length, about);
            Assert.True(content.NodeCount * 2 <= content.Merged || content.Merged == 0, $"a KSM page has one address: {about}");
            Assert.True(content.FramesBefore == frames.Distinct().Count(), about);
            Assert.True(content.FramesAfter == content.NodeCount + left.Distinct().Count(), about);
            Assert.True(content.FramesAfter <= content.FramesBefore, $"merging never takes frames: {about}");
        }
    }

    private static PageRecord[] Pages(params int[] frames) => Records(frames, isKsm: false);

    private static PageRecord[] KsmPages(params int[] frames) => Records(frames, isKsm: true);

    private static PageRecord[] Records(int[] frames, bool isKsm) =>
        [.. frames.Select((frame, ordinal) => PageRecord.Create(42, ordinal, 0, (ulong)frame, isKsm))];
}
