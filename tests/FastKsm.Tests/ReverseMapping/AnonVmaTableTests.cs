using System;
using System.Collections.Generic;
using FastKsm.Memory;
using FastKsm.ReverseMapping;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>The anon_vma graph: counts of rmap.md C37 and C38, and a recount after random operations.</summary>
public sealed class AnonVmaTableTests
{
    private static readonly VmaInterval s_interval = new(1, 100, 199);

    private enum Act
    {
        Prepare,
        Share,
        Clone,
        Fork,
        Unlink,
    }

    [Theory]
    [InlineData(1, 1u, 2u)]
    [InlineData(2, 2u, 3u)]
    [InlineData(3, 2u, 3u)]
    [InlineData(50, 2u, 3u)]
    public void TryFork_ParentsUnlinked_StaysBounded_C37(int generations, uint anonVmas, uint links)
    {
        using AnonVmaTable table = NewTable();
        (uint own, uint chain) = Prepared(table);
        for (int i = 0; i < generations; i++)
        {
            Assert.True(table.TryFork(own, chain, s_interval, out uint childOwn, out uint childChain));
            if (i != 0)
            {
                table.Unlink(ref own, ref chain, s_interval.First, s_interval.Last);
            }

            (own, chain) = (childOwn, childChain);
        }

        // Beyond those of the first process, which lives on.
        Assert.Equal(anonVmas + 1, table.Count);
        Assert.Equal(links + 1, table.LinkCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(10)]
    public void TryFork_ParentsKept_GrowsQuadratically_C38(int depth)
    {
        using AnonVmaTable table = NewTable();
        (uint own, uint chain) = Prepared(table);
        for (int i = 0; i < depth; i++)
        {
            Assert.True(table.TryFork(own, chain, s_interval, out own, out chain));
        }

        // Beyond the first VMA: one anon_vma a generation, and D(D+3)/2 links.
        Assert.Equal((uint)depth + 1, table.Count);
        Assert.Equal((uint)((depth * (depth + 3) / 2) + 1), table.LinkCount);
    }

    [Fact]
    public void Changes_RandomScripts_AgreeWithARecount() => Property.ForAllScripts(
        random => (Act: (Act)random.Next(5), Pick: random.Next()),
        script =>
        {
            using AnonVmaTable table = NewTable();
            List<(uint Own, uint Chain, VmaInterval Interval)> vmas = [];
            uint last = 0;
            foreach ((Act act, int pick) in script)
            {
                int at = vmas.Count == 0 ? 0 : pick % vmas.Count;
                (uint own, uint chain, VmaInterval old) = vmas.Count == 0 ? default : vmas[at];
                VmaInterval interval = new(++last, old.First, old.Last);
                switch (act)
                {
                    case Act.Prepare:
                        (uint first, uint firstChain) = Prepared(table);
                        vmas.Add((first, firstChain, s_interval));
                        break;
                    case Act.Share when vmas.Count > 0 && table.IsSingular(chain):
                        (uint newOwn, uint newChain) = (0, 0);
                        Assert.True(table.TryPrepare(ref newOwn, ref newChain, own, interval));
                        vmas.Add((newOwn, newChain, interval));
                        break;
                    case Act.Clone when vmas.Count > 0:
                        Assert.True(table.TryPromise(table.LengthOf(chain), out IntervalPromise promise));
                        FamilyHold hold = table.EnterWrite(own, interval.First, interval.Last);
                        vmas.Add((own, table.Clone(own, chain, interval, ref promise), interval));
                        table.ExitWrite(hold);
                        table.Cancel(ref promise);
                        break;
                    case Act.Fork when vmas.Count > 0:
                        Assert.True(table.TryFork(own, chain, interval, out uint childOwn, out uint childChain));
                        Assert.False(table.IsSingular(childChain));
                        vmas.Add((childOwn, childChain, interval));
                        break;
                    case Act.Unlink when vmas.Count > 0:
                        table.Unlink(ref own, ref chain, old.First, old.Last);
                        vmas.RemoveAt(at);
                        break;
                    default:
                        break;
                }

                AnonVmaRecount recount = table.BeginRecount();
                vmas.ForEach(vma => recount.Add(vma.Own, vma.Chain, vma.Interval));
                recount.Finish();
            }

            foreach ((uint own, uint chain, VmaInterval interval) in vmas)
            {
                (uint lastOwn, uint lastChain) = (own, chain);
                table.Unlink(ref lastOwn, ref lastChain, interval.First, interval.Last);
            }

            Assert.Equal((0u, 0u), (table.Count, table.LinkCount));
        },
        cases: 60);

    [Fact]
    public void Finish_VmaNotCounted_IsCaught()
    {
        using AnonVmaTable table = NewTable();
        _ = Prepared(table);

        Assert.Throws<InvalidOperationException>(() => table.BeginRecount().Finish());
    }

    private static AnonVmaTable NewTable() => new(1 << 16, new AllocationFaults(), static _ => 0);

    private static (uint Own, uint Chain) Prepared(AnonVmaTable table)
    {
        (uint own, uint chain) = (0, 0);
        Assert.True(table.TryPrepare(ref own, ref chain, shared: 0, s_interval));
        return (own, chain);
    }
}
