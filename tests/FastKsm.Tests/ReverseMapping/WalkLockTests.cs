using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Memory;
using FastKsm.ReverseMapping;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>Who waits for whom: walks, and writers in the same anon_vma. No clock decides anything here.</summary>
public sealed class WalkLockTests
{
    private const int Vmas = 4096;
    private const ulong Looked = 100;

    // A family with more has locks by range.
    private const int Few = 16;
    private const ulong Elsewhere = 3000;

    // What the structure latch is held for at a time, at most.
    private const int Batch = 32;

    [Theory]
    [InlineData(Pruning.PageIndex)]
    [InlineData(Pruning.FullRange)]
    public void Walk_StandsAtItsPage_WriterElsewhereIsThrough(Pruning pruning)
    {
        using Family family = new(Vmas);
        Watcher watcher = new()
        {
            OnVisit = _ => Assert.True(family.StartRekey(Elsewhere).Join(TimeSpan.FromMinutes(1)), "The writer waits for the walk."),
        };

        Assert.Equal(WalkEnd.Complete, family.Walk(Looked, pruning, ref watcher));

        Assert.Equal([Family.VmaAt(Looked)], watcher.Visited);
        family.Validate();
    }

    // An unpruned walk looks at VMAs that its range lock does not keep, a batch at a time.
    [Fact]
    public void UnprunedWalk_WriterElsewhereArrives_IsThroughAfterOneBatch_C73()
    {
        using Family family = new(Vmas);
        List<Thread> writers = [];
        int judged = 0;
        int through = 0;
        Watcher watcher = new()
        {
            OnJudge = () =>
            {
                if (++judged == 1000)
                {
                    Thread writer = family.StartRekey(Elsewhere, () => Volatile.Write(ref through, Volatile.Read(ref judged)));
                    WaitUntilParked(writer);
                    writers.Add(writer);
                }
            },
        };

        Assert.Equal(WalkEnd.Complete, family.Walk(Looked, Pruning.FullRange, ref watcher));

        writers.ForEach(writer => writer.Join());
        Assert.Equal(Vmas, judged);
        Assert.InRange(through, 1000, 1000 + Batch);
        family.Validate();
    }

    [Theory]
    [InlineData(Pruning.PageIndex)]
    [InlineData(Pruning.FullRange)]
    public void Walk_StandsAtItsPage_WriterOfThatPageWaits(Pruning pruning)
    {
        using Family family = new(Vmas);
        int through = 0;
        List<Thread> writers = [];
        Watcher watcher = new()
        {
            OnVisit = _ =>
            {
                Thread writer = family.StartRekey(Looked + 1, () => Volatile.Write(ref through, 1));
                WaitUntilParked(writer);
                writers.Add(writer);
                Assert.Equal(0, Volatile.Read(ref through));
            },
        };

        Assert.Equal(WalkEnd.Complete, family.Walk(Looked, pruning, ref watcher));

        Assert.Single(writers)!.Join();
        Assert.Equal(1, through);
        family.Validate();
    }

    // C79: who only tries gets no answer while somebody changes the page's VMA, and must not take that for one.
    [Fact]
    public void TriedWalk_WriterInside_IsContended_C79()
    {
        using Family family = new(Vmas);
        FamilyHold hold = family.Table.EnterWrite(family.Own, Looked, Looked);
        Watcher watcher = new();
        WalkEnd inside = family.Walk(Looked, Pruning.PageIndex, ref watcher, tryOnly: true);
        family.Table.ExitWrite(hold);
        WalkEnd after = family.Walk(Looked, Pruning.PageIndex, ref watcher, tryOnly: true);

        Assert.Equal((WalkEnd.Contended, WalkEnd.Complete), (inside, after));
        WalkFigures figures = family.Table.Statistics.Read(WalkKind.Unmap);
        Assert.Equal((1, 1, 1), (figures.Contended, figures.Walks, figures.Hold.Count));
        Assert.Single(watcher.Visited);
    }

    [Fact]
    public void BoundedWalk_NobodyBetween_GoesOnFromItsKey()
    {
        const int NodesPerHold = 320;
        using Family family = new(Vmas);
        int judged = 0;
        Watcher watcher = new() { OnJudge = () => judged++ };

        Assert.Equal(WalkEnd.Complete, family.Walk(Looked, Pruning.FullRange, ref watcher, nodesPerHold: NodesPerHold));

        // A hold ends with the batch in which the bound is passed.
        WalkFigures figures = family.Table.Statistics.Read(WalkKind.Unmap);
        Assert.Equal(Vmas, judged);
        Assert.InRange(
            figures.Hold.Count, figures.NodesVisited / (NodesPerHold + Batch + 5), (figures.NodesVisited / NodesPerHold) + 1);
        Assert.Single(watcher.Visited);
    }

    // A writer of the walk's own run comes between two holds; what the walk had passed may then stand before it.
    [Fact]
    public void BoundedWalk_WriterBetween_BeginsAgainAndMissesNobody()
    {
        using Family family = new(Vmas);
        int judged = 0;
        List<Thread> writers = [];
        Watcher watcher = new()
        {
            OnJudge = () =>
            {
                if (++judged == 1000)
                {
                    Thread writer = family.StartRekey(Looked + 1);
                    WaitUntilParked(writer);
                    writers.Add(writer);
                }
            },
        };

        Assert.Equal(WalkEnd.Complete, family.Walk(Looked, Pruning.FullRange, ref watcher, nodesPerHold: 64));

        writers.ForEach(writer => writer.Join());
        Assert.InRange(judged, Vmas + 1000, Vmas + 1000 + (2 * Batch) + 64);
        Assert.Equal([Family.VmaAt(Looked), Family.VmaAt(Looked)], watcher.Visited);
        family.Validate();
    }

    // A pruned walk searches before it has its lock: what it has found may have gone, and others may have come.
    [Theory]
    [InlineData(Few - 2)]
    [InlineData(Vmas)]
    public void PrunedWalk_VmaGoesBeforeItsLock_IsNotVisited(int vmas)
    {
        using Family family = new(vmas);
        Watcher watcher = new() { Wanted = Family.VmaAt(3), OnPrefetch = _ => family.TakeOut(3, 4) };

        Assert.Equal(WalkEnd.Complete, family.Walk(3, Pruning.PageIndex, ref watcher));

        Assert.Empty(watcher.Visited);
        family.PutBack(3, 4);
        family.Validate();
    }

    [Theory]
    [InlineData(Few - 2, 1)]
    [InlineData(Few, 1)]
    [InlineData(Few - 2, 100)]
    [InlineData(Vmas, 1)]
    public void PrunedWalk_OthersComeBeforeItsLock_VisitsItsVmaOnce(int vmas, int come)
    {
        using Family family = new(vmas);
        Watcher watcher = new() { Wanted = Family.VmaAt(3), OnPrefetch = _ => family.Grow(come) };

        Assert.Equal(WalkEnd.Complete, family.Walk(3, Pruning.PageIndex, ref watcher));

        Assert.Equal([Family.VmaAt(3)], watcher.Visited);
        Assert.Equal(1, family.Table.Statistics.Read(WalkKind.Unmap).Visits);
        family.Validate();
    }

    // A pruned search reads the tree without its latch, while others move what it looks for within a node: they change VMAs
    // just before, which another range lock keeps, but which lie in the same nodes.
    [Fact]
    public async Task PrunedWalk_EntriesBeforeComeAndGo_FindsItsVmaAlways()
    {
        const int Walks = 150_000;
        const ulong Run = 512;
        using Family family = new(Vmas);
        int walking = 2;
        long misses = 0;
        void Walk(ulong run)
        {
            for (ulong i = 0; i < Walks; i++)
            {
                ulong index = run + (i % 24);
                Counter counter = new() { Wanted = Family.VmaAt(index) };
                WalkOptions options = new(WalkKind.Referenced, Pruning.PageIndex, TryOnly: false, NodesPerHold: 0);
                _ = family.Table.Walk(family.Own, index, options, ref counter);
                _ = counter is { Found: 1, Others: 0 } ? 0 : Interlocked.Increment(ref misses);
            }

            _ = Interlocked.Decrement(ref walking);
        }

        void ChangeBefore(ulong run)
        {
            for (ulong length = 1; Volatile.Read(ref walking) != 0; length = (length % 150) + 1)
            {
                family.TakeOut(run - length, run);
                family.PutBack(run - length, run);
            }
        }

        await Threads.RunAll(
            () => Walk(2 * Run), () => ChangeBefore(2 * Run), () => Walk(4 * Run), () => ChangeBefore(4 * Run));

        Assert.Equal(0, misses);
        family.Validate();
    }

    private static void WaitUntilParked(Thread thread)
    {
        SpinWait spinner = default;
        while (!thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin) && thread.IsAlive)
        {
            spinner.SpinOnce();
        }
    }

    private struct Watcher : IRmapVisitor
    {
        public Watcher()
        {
        }

        internal Action OnJudge { get; init; } = () => { };

        internal Action<uint> OnPrefetch { get; init; } = _ => { };

        internal Action<uint> OnVisit { get; init; } = _ => { };

        internal uint Wanted { get; init; } = Family.VmaAt(Looked);

        internal List<uint> Visited { get; } = [];

        public readonly void Prefetch(uint vma) => OnPrefetch(vma);

        public readonly WalkVerdict Judge(uint vma)
        {
            OnJudge();
            return vma == Wanted ? WalkVerdict.Visit : WalkVerdict.OtherAddress;
        }

        public readonly bool Visit(uint vma)
        {
            OnVisit(vma);
            Visited.Add(vma);
            return true;
        }
    }

    private struct Counter : IRmapVisitor
    {
        internal uint Wanted;
        internal int Found;
        internal int Others;

        public readonly void Prefetch(uint vma)
        {
        }

        public readonly WalkVerdict Judge(uint vma) => WalkVerdict.Visit;

        public bool Visit(uint vma)
        {
            Found += vma == Wanted ? 1 : 0;
            Others += vma == Wanted ? 0 : 1;
            return true;
        }
    }

    // One anon_vma and many VMAs of one page each; the VMA of index i is i + 1.
    private sealed class Family : IDisposable
    {
        private uint[] _chains;

        internal Family(int vmas)
        {
            _chains = new uint[1];
            Table = new AnonVmaTable(1 << 16, new AllocationFaults(), static _ => 0);
            uint own = 0;
            Assert.True(Table.TryPrepare(ref own, ref _chains[0], shared: 0, IntervalAt(0)));
            Own = own;
            Grow(vmas - 1);
        }

        internal AnonVmaTable Table { get; }

        internal uint Own { get; }

        public void Dispose() => Table.Dispose();

        internal static uint VmaAt(ulong index) => (uint)index + 1;

        // Further VMAs behind those that there are.
        internal void Grow(int vmas)
        {
            uint first = (uint)_chains.Length;
            Array.Resize(ref _chains, _chains.Length + vmas);
            for (uint i = first; i < _chains.Length; i++)
            {
                Assert.True(Table.TryPromise(1, out IntervalPromise promise));
                FamilyHold hold = Table.EnterWrite(Own, i, i);
                _chains[i] = Table.Clone(Own, _chains[0], IntervalAt(i), ref promise);
                Table.ExitWrite(hold);
                Table.Cancel(ref promise);
            }
        }

        internal WalkEnd Walk(ulong index, Pruning pruning, ref Watcher watcher, bool tryOnly = false, int nodesPerHold = 0) =>
            Table.Walk(Own, index, new WalkOptions(WalkKind.Unmap, pruning, tryOnly, nodesPerHold), ref watcher);

        // What a split or merge does to a VMA, in a thread of its own.
        internal Thread StartRekey(ulong index, Action? inside = null)
        {
            Thread thread = new(() =>
            {
                Assert.True(Table.TryPromise(1, out IntervalPromise promise));
                FamilyHold hold = Table.EnterWrite(Own, index, index);
                inside?.Invoke();
                Table.Detach(_chains[index], index);
                Table.Attach(_chains[index], IntervalAt(index), ref promise);
                Table.ExitWrite(hold);
                Table.Cancel(ref promise);
            });
            thread.Start();
            return thread;
        }

        // What an unmap of part of the range does, and a mapping there afterwards.
        internal void TakeOut(ulong first, ulong end)
        {
            FamilyHold hold = Table.EnterWrite(Own, first, end - 1);
            for (ulong index = first; index < end; index++)
            {
                Table.Detach(_chains[index], index);
            }

            Table.ExitWrite(hold);
        }

        internal void PutBack(ulong first, ulong end)
        {
            Assert.True(Table.TryPromise((uint)(end - first), out IntervalPromise promise));
            FamilyHold hold = Table.EnterWrite(Own, first, end - 1);
            for (ulong index = first; index < end; index++)
            {
                Table.Attach(_chains[index], IntervalAt(index), ref promise);
            }

            Table.ExitWrite(hold);
            Table.Cancel(ref promise);
        }

        internal void Validate()
        {
            AnonVmaRecount recount = Table.BeginRecount();
            for (uint i = 0; i < _chains.Length; i++)
            {
                recount.Add(Own, _chains[i], IntervalAt(i));
            }

            recount.Finish();
        }

        private static VmaInterval IntervalAt(ulong index) => new(VmaAt(index), index, index);
    }
}
