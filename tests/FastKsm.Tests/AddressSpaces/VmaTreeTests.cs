using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>The tree against a sorted list.</summary>
public sealed class VmaTreeTests
{
    private enum Act
    {
        Insert,
        InsertLow,
        Remove,
        RemoveRun,
        Grow,
        Shrink,
        Room,
    }

    [Fact]
    public void Changes_RandomScripts_AgreeWithASortedList() => Property.ForAllScripts(
        random => (Act: (Act)random.Next(7), A: random.Next(), B: random.Next()), script => Check(script, 1), cases: 60, length: 600);

    [Fact]
    public void Changes_LargeTree_AgreeWithASortedList() => Property.ForAllScripts(
        random => (Act: random.Next(4) == 0 ? (Act)random.Next(7) : Act.Insert, A: random.Next(), B: random.Next()),
        script => Check(script, 7),
        cases: 4,
        length: 12_000);

    [Fact]
    public void Insert_RisingAndFallingStarts_FillsNodes()
    {
        foreach (bool rising in new[] { true, false })
        {
            const uint Many = 100_000;
            using NativeSlab<VmaTreeNode> nodes = new(1 << 20, new AllocationFaults());
            VmaTree tree = new(nodes);
            for (uint i = 0; i < Many; i++)
            {
                ulong start = rising ? i * 2UL : (Many - i) * 2UL;
                Insert(tree, nodes, start, start + 1, i + 1);
            }

            tree.Validate(static (_, _, _) => { });
            Assert.InRange(nodes.LiveCount, 1u, Many / VmaTreeNode.Capacity * 11 / 10);
        }
    }

    private static void Check((Act Act, int A, int B)[] script, int validateEvery)
    {
        const int Space = 1 << 16;
        using NativeSlab<VmaTreeNode> nodes = new(1 << 20, new AllocationFaults());
        VmaTree tree = new(nodes);
        SortedList<ulong, (ulong End, uint Id)> model = [];
        uint lastId = 0;
        int step = 0;
        foreach ((Act act, int a, int b) in script)
        {
            ulong start = (ulong)(a % Space);
            int at = model.Count == 0 ? -1 : a % model.Count;
            switch (act)
            {
                case Act.Insert or Act.InsertLow:
                    ulong end = start + 1 + (ulong)(b % 5);
                    if (act == Act.InsertLow && model.Count > 0 && model.Keys[0] > 3)
                    {
                        (start, end) = (model.Keys[0] - 2, model.Keys[0] - 1);
                    }

                    if (!model.Any(entry => entry.Key < end && start < entry.Value.End))
                    {
                        model.Add(start, (end, ++lastId));
                        Insert(tree, nodes, start, end, lastId);
                    }

                    break;
                case Act.Remove when at >= 0:
                    tree.Remove(model.Keys[at]);
                    model.RemoveAt(at);
                    break;
                case Act.RemoveRun when at >= 0:
                    for (int i = b % 90; i > 0 && at < model.Count; i--)
                    {
                        tree.Remove(model.Keys[at]);
                        model.RemoveAt(at);
                    }

                    break;
                case Act.Grow or Act.Shrink when at >= 0:
                    (ulong oldStart, (ulong oldEnd, uint id)) = (model.Keys[at], model.Values[at]);
                    ulong newStart = act == Act.Shrink ? oldStart + 1 : at == 0 ? 0 : model.Values[at - 1].End;
                    ulong newEnd = b % 2 == 0 || at + 1 == model.Count ? oldEnd : model.Keys[at + 1];
                    if (newStart < newEnd)
                    {
                        tree.Update(oldStart, newStart, newEnd);
                        model.RemoveAt(at);
                        model.Add(newStart, (newEnd, id));
                    }

                    break;
                case Act.Room:
                    CheckRoom(tree, model, (ulong)(b % 40) + 1, (ulong)(a % 300), Space + (ulong)(b % 300));
                    break;
                default:
                    break;
            }

            CheckFind(tree, model, (ulong)(b % Space));
            if (step++ % validateEvery == 0)
            {
                List<(uint, ulong, ulong)> seen = [];
                tree.Validate((id, from, to) => seen.Add((id, from, to)));
                Assert.Equal(model.Select(entry => (entry.Value.Id, entry.Key, entry.Value.End)), seen);
                Assert.Equal(model.Count, tree.Count);
            }
        }

        tree.Clear();
        Assert.Equal(0u, nodes.LiveCount);
    }

    private static void CheckFind(VmaTree tree, SortedList<ulong, (ulong End, uint Id)> model, ulong page)
    {
        uint expected = model.FirstOrDefault(entry => entry.Value.End > page).Value.Id;
        uint before = model.LastOrDefault(entry => entry.Value.End <= page).Value.Id;
        Assert.Equal(expected, tree.At(tree.Find(page)));
        Assert.Equal(before, tree.Before(page));
    }

    private static void CheckRoom(
        VmaTree tree, SortedList<ulong, (ulong End, uint Id)> model, ulong pages, ulong floor, ulong ceiling)
    {
        ulong? expected = null;
        ulong high = ceiling;
        for (int i = model.Count; i >= 0 && expected is null; i--)
        {
            ulong low = Math.Max(floor, i == 0 ? 0 : model.Values[i - 1].End);
            ulong top = Math.Min(high, i == model.Count ? ceiling : model.Keys[i]);
            expected = top >= low && top - low >= pages ? top - pages : null;
        }

        bool found = tree.TryFindRoom(pages, floor, ceiling, out ulong start);
        Assert.Equal(expected, found ? start : null);
    }

    private static void Insert(VmaTree tree, NativeSlab<VmaTreeNode> nodes, ulong start, ulong end, uint id)
    {
        uint promised = tree.NodesForInsert;
        Assert.True(nodes.TryPromise(promised));
        tree.Insert(start, end, id, ref promised);
        nodes.CancelPromise(promised);
    }
}
