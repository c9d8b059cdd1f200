using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Memory;
using FastKsm.ReverseMapping;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>The interval index against a list: rmap.md invariants 20 to 23, 25, 26.</summary>
public sealed class IntervalIndexTests
{
    [Theory]
    [InlineData(6, 3)]
    [InlineData(40, 5)]
    [InlineData(4000, 3)]
    [InlineData(4000, 600)]
    public void Changes_RandomScripts_AgreeWithAList(int starts, int longest) => Property.ForAllScripts(
        random => (Kind: random.Next(8), A: random.Next(starts), B: random.Next(longest)),
        script =>
        {
            using Rig rig = new();
            int step = 0;
            foreach ((int kind, int a, int b) in script)
            {
                if (kind < 5 || rig.Model.Count == 0)
                {
                    rig.Insert((ulong)a, (ulong)(a + b));
                }
                else
                {
                    rig.Remove(a % rig.Model.Count);
                }

                rig.CheckFind((ulong)a, (ulong)(a + (b % 3)), batch: 1 + (b % 7));
                if (step++ % 16 == 0)
                {
                    rig.Validate();
                }
            }
        },
        cases: 50,
        length: 1500);

    // Linux's tree and ours, through the same changes: the same intervals in the same order, for every page and for all.
    [Theory]
    [InlineData(12, 4)]
    [InlineData(3000, 2)]
    [InlineData(3000, 900)]
    public void Find_RandomChanges_AgreesWithLinuxTree(int starts, int longest) => Property.ForAllScripts(
        random => (Kind: random.Next(8), A: random.Next(starts), B: random.Next(longest)),
        script =>
        {
            using Rig rig = new(keepsModel: false);
            AugmentedIntervalTree oracle = new(script.Length);
            List<(ulong First, uint Sequence, uint Node)> live = [];
            uint vma = 0;
            foreach ((int kind, int a, int b) in script)
            {
                if (kind < 5 || live.Count == 0)
                {
                    (ulong first, ulong last) = ((ulong)a, (ulong)(a + b));
                    uint sequence = rig.Add(first, last, ++vma);
                    live.Add((first, sequence, oracle.Insert(first, last, vma)));
                }
                else
                {
                    (ulong first, uint sequence, uint node) = live[a % live.Count];
                    rig.Take(first, sequence);
                    oracle.Remove(node);
                    live.RemoveAt(a % live.Count);
                }

                oracle.Validate();
                Assert.Equal(oracle.Count, live.Count);
                Assert.Equal(rig.VmasIn((ulong)a, (ulong)a), VmasIn(oracle, (ulong)a, (ulong)a));
                Assert.Equal(rig.VmasIn((ulong)b, (ulong)(a + b)), VmasIn(oracle, (ulong)b, (ulong)(a + b)));
            }

            Assert.Equal(rig.VmasIn(0, IntervalIndex.MaxIndex), VmasIn(oracle, 0, ulong.MaxValue));
        },
        cases: 30,
        length: 600);

    // One long life through all tiers and back, with sweeps at both ends, a million changes in all.
    [Fact]
    public void Changes_OneMillion_StayOrderedAndFound()
    {
        const int Operations = 1_000_000;
        Random random = new(11);
        using Rig rig = new(keepsModel: false);
        List<(ulong First, ulong Last, uint Sequence)> live = [];
        bool grows = true;
        for (int i = 0; i < Operations; i++)
        {
            grows = live.Count < 10 || (grows && live.Count < 120_000);
            if (random.Next(10) < (grows ? 8 : 2) || live.Count == 0)
            {
                ulong first = i % 3 == 0 ? (ulong)i : (ulong)random.Next(1_000_000);
                ulong last = first + (random.Next(50) == 0 ? (ulong)random.Next(100_000) : 0);
                live.Add((first, last, rig.Add(first, last, 1)));
            }
            else
            {
                int at = random.Next(live.Count);
                rig.Take(live[at].First, live[at].Sequence);
                live[at] = live[^1];
                live.RemoveAt(live.Count - 1);
            }

            if (i % 100_000 == 99_999)
            {
                rig.ValidateShape(live.Count);
                for (int probe = 0; probe < 20; probe++)
                {
                    ulong page = (ulong)random.Next(1_000_000);
                    Assert.Equal(live.Count(entry => entry.First <= page && page <= entry.Last), rig.CountAt(page));
                }
            }
        }
    }

    [Fact]
    public void Find_OnePageAmongMany_PassesOneNodeALevel()
    {
        const uint Many = 20_000;
        using Rig rig = new(keepsModel: false);
        for (uint i = 0; i < Many; i++)
        {
            _ = rig.Add(i, i, i + 1);
        }

        for (ulong page = 0; page < Many; page += 97)
        {
            Assert.Equal(1, rig.CountAt(page));
            Assert.InRange(rig.Visited, 2, 5);
        }

        Assert.InRange(rig.UsedBytes, 1, 26 * (long)Many);
    }

    // 2^24 insertions behind the same neighbour: the numbers of that start run out and are given anew.
    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public void Insert_SequencesRunOut_OrderStaysAndTheIndexSaysSo(int others)
    {
        using Rig rig = new(keepsModel: false);
        for (int i = 0; i < others; i++)
        {
            _ = rig.Add((ulong)(i * 2), (ulong)(i * 2), 99);
        }

        uint older = rig.Add(5, 5, 1);
        uint newer = rig.Add(5, 5, 2);
        bool ranOut = false;
        for (uint i = 0; i <= IntervalEntry.MaxSequence && !ranOut; i++)
        {
            // The older one is removed and comes back behind the newer one, as two VMAs of a family that are re-keyed in turn.
            rig.Take(5, older);
            uint vma = 1 + (i % 2);
            uint again = rig.Add(5, 5, vma);
            ranOut = rig.RanOut;
            (older, newer) = (newer, again);
        }

        Assert.True(ranOut);
        Assert.Equal(1u, newer);
        rig.ValidateShape(others + 2);
        Assert.Equal(2, rig.CountAt(5));
    }

    private static List<uint> VmasIn(AugmentedIntervalTree tree, ulong first, ulong last)
    {
        List<uint> found = [];
        for (uint id = tree.First(first, last); id != 0; id = tree.Next(id, first, last))
        {
            found.Add(tree.VmaOf(id));
        }

        return found;
    }

    private sealed class Rig(bool keepsModel = true) : IDisposable
    {
        private readonly IntervalIndex _index = new(1 << 20, new AllocationFaults());
        private readonly IntervalEntry[] _found = new IntervalEntry[256];
        private IntervalRoot _root;
        private uint _lastVma;

        internal List<(ulong First, ulong Last, uint Vma, uint Sequence)> Model { get; } = [];

        internal long Visited { get; private set; }

        internal bool RanOut { get; private set; }

        internal long UsedBytes => _index.UsedBytes;

        public void Dispose()
        {
            if (keepsModel)
            {
                while (Model.Count > 0)
                {
                    Remove(Model.Count - 1);
                }

                Assert.Equal(0, _index.UsedBytes);
            }

            _index.Dispose();
        }

        internal uint Add(ulong first, ulong last, uint vma)
        {
            IntervalPromise promise = default;
            Assert.True(_index.TryPromise(1, ref promise));
            uint sequence = _index.Insert(ref _root, first, last, vma, ref promise, out bool ranOut);
            RanOut = ranOut;
            _index.Cancel(ref promise);
            return sequence;
        }

        internal void Take(ulong first, uint sequence) => _index.Remove(ref _root, first, sequence);

        internal void Insert(ulong first, ulong last)
        {
            uint sequence = Add(first, last, ++_lastVma);
            int at = Model.FindLastIndex(entry => entry.First <= first) + 1;
            Model.Insert(at, (first, last, _lastVma, sequence));
        }

        internal void Remove(int at)
        {
            Take(Model[at].First, Model[at].Sequence);
            Model.RemoveAt(at);
        }

        internal int CountAt(ulong page)
        {
            ulong next = 0;
            long visited = 0;
            int all = 0;
            int count;
            while ((count = _index.Find(in _root, page, page, ref next, _found, ref visited)) == _found.Length)
            {
                all += count;
            }

            Visited = visited;
            return all + count;
        }

        internal List<uint> VmasIn(ulong first, ulong last)
        {
            List<uint> seen = [];
            ulong next = 0;
            long visited = 0;
            int count;
            do
            {
                count = _index.Find(in _root, first, last, ref next, _found, ref visited);
                seen.AddRange(_found.Take(count).Select(entry => entry.Vma));
            }
            while (count == _found.Length);

            return seen;
        }

        internal void CheckFind(ulong first, ulong last, int batch)
        {
            List<uint> seen = [];
            ulong next = 0;
            long visited = 0;
            int count;
            do
            {
                count = _index.Find(in _root, first, last, ref next, _found.AsSpan(0, batch), ref visited);
                seen.AddRange(_found.Take(count).Select(entry => entry.Vma));
            }
            while (count == batch);

            Assert.Equal(Model.Where(entry => entry.First <= last && entry.Last >= first).Select(entry => entry.Vma), seen);
        }

        internal void Validate()
        {
            List<(ulong, ulong, uint, uint)> seen = [];
            _index.Validate(in _root, 1, entry => seen.Add(
                (IntervalEntry.StartOf(entry.Key), entry.Last, entry.Vma, IntervalEntry.SequenceOf(entry.Key))));
            Assert.Equal(Model, seen);
        }

        internal void ValidateShape(int count)
        {
            int seen = 0;
            _index.Validate(in _root, 1, _ => seen++);
            Assert.Equal(count, seen);
        }
    }
}
