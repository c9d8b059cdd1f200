using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation.Settling;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Settling;

public sealed class UnstableTreeTests
{
    // 1 to 8 ascending give 4 over 2 (1, 3) and 6 (5, 7 over 8): the textbook's tree.
    [Theory]
    [InlineData(1, 9)]
    [InlineData(2, 9)]
    [InlineData(3, 2)]
    [InlineData(7, 2)]
    [InlineData(8, 2)]
    public void PassesLeftmost_AscendingKeys_FollowsTheShape(int count, ulong firstThatDoesNot)
    {
        UnstableTree tree = new();
        int leftmost = tree.Insert(1);
        for (ulong key = 2; key <= (ulong)count; key++)
        {
            _ = tree.Insert(key);
        }

        for (ulong key = 1; key < 9; key++)
        {
            Assert.Equal(key < firstThatDoesNot, tree.PassesLeftmost(leftmost, key));
        }
    }

    // However the tree is turned, what passes over the leftmost node is what is smaller than some key, and never a large share.
    [Fact]
    public void InsertAndRemove_RandomKeys_LeavesTheLeftmostLow()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            UnstableTree tree = new();
            List<(ulong Key, int Node)> others = [];
            int leftmost = tree.Insert(0);
            for (int step = 0; step < 600; step++)
            {
                if (others.Count > 0 && random.Next(3) == 0)
                {
                    int victim = random.Next(others.Count);
                    tree.Remove(others[victim].Node);
                    others.RemoveAt(victim);
                }
                else
                {
                    ulong key = (ulong)random.NextInt64(1, long.MaxValue);
                    others.Add((key, tree.Insert(key)));
                }
            }

            // A leftmost node of a red-black tree has at most one child, so at most two keys lie below its parent.
            int passing = others.Count(other => tree.PassesLeftmost(leftmost, other.Key));
            Assert.True(passing <= 1, $"seed {seed}: {passing} of {others.Count} pass over the leftmost node.");
        }
    }

    [Fact]
    public void Insert_BeyondWhatIsFollowed_StandsStill()
    {
        UnstableTree tree = new();
        for (int i = 0; i < UnstableTree.MostNodes; i++)
        {
            Assert.NotEqual(UnstableTree.None, tree.Insert((ulong)i + 1));
        }

        Assert.Equal(UnstableTree.None, tree.Insert(0));
        Assert.True(tree.PassesLeftmost(UnstableTree.None, 0));
        Assert.False(tree.PassesLeftmost(UnstableTree.None, 1));
        tree.Clear();
        Assert.NotEqual(UnstableTree.None, tree.Insert(0));
    }

    // Row 104 of the conformance table.
    [Fact]
    public void ScanOfVisit_OldPage_IsLinuxsPattern()
    {
        Assert.Equal([1, 2, 3, 4, 6, 9, 14, 23, 32, 41, 50, 59, 68], Enumerable.Range(1, 13).Select(visit => SmartScan.ScanOfVisit(visit)));
        Assert.Equal([1, 3, 6], SettlingForecast.Stages.Select(SmartScan.VisitsAfter));
    }
}
