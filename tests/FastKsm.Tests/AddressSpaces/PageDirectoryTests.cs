using System.Collections.Generic;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>The directory against a sorted dictionary.</summary>
public sealed class PageDirectoryTests
{
    private enum Act
    {
        Add,
        Remove,
        Next,
    }

    [Fact]
    public void Changes_RandomScripts_AgreeWithADictionary() => Property.ForAllScripts(
        random => (Act: (Act)random.Next(3), Number: (ulong)random.NextInt64(1L << random.Next(1, 28)) % PageDirectory.Limit),
        script =>
        {
            using NativeSlab<DirectoryNode> nodes = new(1 << 16, new AllocationFaults());
            PageDirectory directory = new(nodes);
            SortedDictionary<ulong, uint> model = [];
            uint lastLeaf = 0;
            foreach ((Act act, ulong number) in script)
            {
                switch (act)
                {
                    case Act.Add:
                        Assert.True(directory.TryAdd(number, ++lastLeaf, out uint present));
                        _ = model.TryAdd(number, lastLeaf);
                        Assert.Equal(model[number], present);
                        break;
                    case Act.Remove when model.Count > 0:
                        ulong victim = model.Keys.ElementAt((int)(number % (uint)model.Count));
                        directory.Remove(victim);
                        _ = model.Remove(victim);
                        Assert.Equal(0u, directory.Find(victim));
                        break;
                    default:
                        ulong last = number + ((PageDirectory.Limit - number) / 2);
                        ulong at = number;
                        uint leaf = directory.FindNext(ref at, last);
                        KeyValuePair<ulong, uint> expected = model.FirstOrDefault(entry => entry.Key >= number);
                        bool within = expected.Value != 0 && expected.Key <= last;
                        Assert.Equal(within ? expected.Value : 0, leaf);
                        Assert.True(leaf == 0 || at == expected.Key);
                        break;
                }

                Assert.All(model, entry => Assert.Equal(entry.Value, directory.Find(entry.Key)));
            }

            foreach (ulong number in model.Keys)
            {
                directory.Remove(number);
            }

            Assert.Equal(0u, nodes.LiveCount);
        },
        cases: 30,
        length: 120);

    // As Linux's PMD pages: without a leaf, and still there.
    [Fact]
    public void Nodes_StayUntilTheyAreRemoved()
    {
        using NativeSlab<DirectoryNode> nodes = new(1 << 16, new AllocationFaults());
        PageDirectory directory = new(nodes);
        Assert.True(directory.TryAdd(5, 1, out _));
        Assert.True(directory.TryAdd(6, 2, out _));
        Assert.True(directory.TryAdd(600, 3, out _));
        uint all = nodes.LiveCount;

        directory.RemoveLeaf(5);
        directory.RemoveLeaf(6);
        Assert.Equal((0u, 0u, 3u), (directory.Find(5), directory.Find(6), directory.Find(600)));
        Assert.Equal(all, nodes.LiveCount);
        ulong number = 0;
        Assert.Equal(3u, directory.FindNext(ref number, PageDirectory.Limit - 1));
        Assert.Equal(600ul, number);

        number = 2;
        Assert.True(directory.TryFindNextNode(ref number, 511));
        Assert.Equal(2ul, number);
        directory.RemoveNode(number);
        Assert.Equal(all - 1, nodes.LiveCount);
        Assert.False(directory.TryFindNextNode(ref number, 511));
        number = 0;
        Assert.True(directory.TryFindNextNode(ref number, PageDirectory.Limit - 1));
        Assert.Equal(512ul, number);

        directory.RemoveLeaf(600);
        directory.RemoveNode(600);
        Assert.Equal(0u, nodes.LiveCount);
    }
}
