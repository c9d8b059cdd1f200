using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.ReverseMapping;

/// <content>Walks: who may map a page.</content>
internal sealed partial class AnonVmaTable
{
    // Intervals looked at between two glances at anything else; an unpruned walk holds the structure latch that long.
    private const int Batch = 32;

    // Searches without the structure latch before one with it.
    private const int MaxAttempts = 4;

    // A bounded walk that writers keep sending back to the start at last goes through in one hold.
    private const int MaxRestarts = 8;

    /// <summary>Times and nodes of all walks.</summary>
    internal WalkStatistics Statistics { get; } = new();

    /// <summary>Makes an anon_vma stay, if it exists at this moment; the id may have been used again meanwhile.</summary>
    internal bool TryHold(uint anonVma)
    {
        SpinLatch.Enter(ref _latch, LockRank.AnonVmaTable);
        bool exists = anonVma != 0 && anonVma < _anonVmas.IdLimit && _anonVmas[anonVma].References > 0;
        if (exists)
        {
            _anonVmas[anonVma].References++;
        }

        SpinLatch.Exit(ref _latch, LockRank.AnonVmaTable);
        return exists;
    }

    /// <summary>Offers a visitor every VMA that may map the page with an index, parents before their children.</summary>
    /// <param name="anonVma">anon_vma of the page; somebody holds it.</param>
    /// <param name="index">Linear page index of the page.</param>
    /// <param name="options">How.</param>
    /// <param name="visitor">The visitor.</param>
    /// <remarks>
    /// Pruned or not, the range lock of the index is held, so the VMAs that contain it stay what they are for the time of a
    /// hold. An unpruned walk also meets VMAs that do not contain the index and are not kept by that lock; it judges them, and
    /// visits them in the rare case that it has to, under the structure latch, which keeps them. A bounded walk lets go between
    /// batches; if a writer has been there, a VMA may have moved to before where the walk stands, so it begins again: what it
    /// has done is not undone by that. A pruned walk has searched before it asks for the range lock: what it has found is
    /// right under the lock if no writer has been at the family's trees in between, and else it searches again.
    /// </remarks>
    [SkipLocalsInit]
    internal WalkEnd Walk<TVisitor>(uint anonVma, ulong index, in WalkOptions options, ref TVisitor visitor)
        where TVisitor : struct, IRmapVisitor
    {
        uint root = _anonVmas[anonVma].Root;
        bool all = options.Pruning == Pruning.FullRange;
        Span<IntervalEntry> found = stackalloc IntervalEntry[Batch];
        WalkCounts counts = default;
        ulong next = 0;
        int ahead = -1;
        ReaderWriterLatch? keeper = null;
        uint searchedAt = 0;
        if (!all)
        {
            ahead = FindAhead(root, anonVma, index, ref next, found, ref counts.Nodes, out keeper, out searchedAt);
        }

        for (int i = 0; i < ahead; i++)
        {
            visitor.Prefetch(found[i].Vma);
        }

        long asked = Stopwatch.GetTimestamp();
        ReaderWriterLatch? range = EnterRange(root, index, options.TryOnly, out ReaderWriterLatch? structure);
        if (range is null)
        {
            Statistics.CountContended(options.Kind);
            return WalkEnd.Contended;
        }

        long entered = Stopwatch.GetTimestamp();
        if (ahead >= 0 && !(keeper == (structure ?? range) && keeper.IsUnwritten(searchedAt)))
        {
            (ahead, next, counts.Nodes) = (-1, 0, 0);
        }

        int restarts = 0;
        long holdBegan = 0;
        bool goesOn = true;
        for (; ; )
        {
            int count;
            int taken;
            bool visits = !all;
            if (ahead >= 0)
            {
                taken = count = ahead;
                ahead = -1;
            }
            else if (!all)
            {
                taken = count = FindContaining(structure, anonVma, index, ref next, found, ref counts.Nodes);
            }
            else
            {
                structure?.EnterRead();
                count = _index.Find(
                    in _anonVmas[anonVma].Intervals, 0, IntervalIndex.MaxIndex, ref next, found, ref counts.Nodes);
                goesOn = Sift(found[..count], index, ref visitor, ref counts, out taken, out visits);
                if (taken < count)
                {
                    // The walk goes on behind the one that is visited now.
                    counts.Nodes -= count - taken;
                    next = found[taken - 1].Key + 1;
                }

                structure?.ExitRead();
            }

            if (visits)
            {
                goesOn = all ? VisitOne(found[taken - 1], ref visitor, ref counts) : VisitEach(found[..count], ref visitor, ref counts);
            }

            if (!goesOn || (count < Batch && taken == count))
            {
                break;
            }

            if (options.NodesPerHold != 0 && counts.Nodes - holdBegan >= options.NodesPerHold && restarts < MaxRestarts)
            {
                uint generation = range.Generation;
                range.ExitRead();
                Statistics.CountHold(options.Kind, entered - asked, Stopwatch.GetTimestamp() - entered);
                asked = Stopwatch.GetTimestamp();
                range = EnterRange(root, index, tryOnly: false, out structure)!;
                entered = Stopwatch.GetTimestamp();
                holdBegan = counts.Nodes;
                if (range.Generation != generation)
                {
                    next = 0;
                    restarts++;
                }
            }
        }

        range.ExitRead();
        Statistics.CountHold(options.Kind, entered - asked, Stopwatch.GetTimestamp() - entered);
        Statistics.CountNodes(options.Kind, counts);
        return goesOn ? WalkEnd.Complete : WalkEnd.Stopped;
    }

    // Search time is not hold time where it can be helped. -1: it is to be searched under the lock. The keeper is what writers
    // of the family's trees have alone; a family that becomes striped meanwhile has another one then.
    private int FindAhead(
        uint root, uint anonVma, ulong index, ref ulong next, Span<IntervalEntry> found, ref long nodes,
        out ReaderWriterLatch keeper, out uint generation)
    {
        keeper = Volatile.Read(ref _anonVmas[root].Striped) != 0 ? _locks.Structure(root) : _locks.Range(root, index, isStriped: false);
        return keeper.TryBeginRead(out generation)
            && _index.TryFind(
                in _anonVmas[anonVma].Intervals, index, index, ref next, found, ref nodes, new UnwrittenGuard(keeper, generation),
                out int count)
            ? count
            : -1;
    }

    // VMAs that contain the index are kept by its range lock, so the tree is all that a writer elsewhere in the range can change
    // under the search, and the search sees it: no latch in the common case, one after some misfortune.
    private int FindContaining(
        ReaderWriterLatch? structure, uint anonVma, ulong index, ref ulong next, Span<IntervalEntry> found, ref long nodes)
    {
        ref IntervalRoot intervals = ref _anonVmas[anonVma].Intervals;
        if (structure is null)
        {
            return _index.Find(in intervals, index, index, ref next, found, ref nodes);
        }

        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (structure.TryBeginRead(out uint generation)
                && _index.TryFind(
                    in intervals, index, index, ref next, found, ref nodes, new UnwrittenGuard(structure, generation), out int count))
            {
                return count;
            }
        }

        structure.EnterRead();
        int underLatch = _index.Find(in intervals, index, index, ref next, found, ref nodes);
        structure.ExitRead();
        return underLatch;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool VisitEach<TVisitor>(ReadOnlySpan<IntervalEntry> found, ref TVisitor visitor, ref WalkCounts counts)
        where TVisitor : struct, IRmapVisitor
    {
        foreach (ref readonly IntervalEntry entry in found)
        {
            switch (visitor.Judge(entry.Vma))
            {
                case WalkVerdict.OtherAddress:
                    counts.OtherAddress++;
                    break;
                case WalkVerdict.OtherPass:
                    counts.OtherPass++;
                    break;
                default:
                    if (!VisitOne(entry, ref visitor, ref counts))
                    {
                        return false;
                    }

                    break;
            }
        }

        return true;
    }

    // Judges one after the other, up to the first to visit that contains the index, as all do whose page maps the frame: that
    // one is visited without the structure latch. False: a visit to another one has ended the walk.
    private static bool Sift<TVisitor>(
        ReadOnlySpan<IntervalEntry> found, ulong index, ref TVisitor visitor, ref WalkCounts counts, out int taken, out bool visits)
        where TVisitor : struct, IRmapVisitor
    {
        visits = false;
        for (taken = 0; taken < found.Length && !visits;)
        {
            ref readonly IntervalEntry entry = ref found[taken++];
            switch (visitor.Judge(entry.Vma))
            {
                case WalkVerdict.OtherAddress:
                    counts.OtherAddress++;
                    break;
                case WalkVerdict.OtherPass:
                    counts.OtherPass++;
                    break;
                case WalkVerdict.Visit when IntervalEntry.StartOf(entry.Key) <= index && index <= entry.Last:
                    visits = true;
                    break;
                default:
                    if (!VisitOne(entry, ref visitor, ref counts))
                    {
                        return false;
                    }

                    break;
            }
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool VisitOne<TVisitor>(in IntervalEntry entry, ref TVisitor visitor, ref WalkCounts counts)
        where TVisitor : struct, IRmapVisitor
    {
        counts.Visits++;
        return visitor.Visit(entry.Vma);
    }

    // The only range lock of a small family keeps its trees as well: whoever changes one has it alone.
    private ReaderWriterLatch? EnterRange(uint root, ulong index, bool tryOnly, out ReaderWriterLatch? structure)
    {
        structure = null;
        for (; ; )
        {
            bool striped = Volatile.Read(ref _anonVmas[root].Striped) != 0;
            ReaderWriterLatch latch = _locks.Range(root, index, striped);
            if (!tryOnly)
            {
                latch.EnterRead();
            }
            else if (!latch.TryEnterRead())
            {
                return null;
            }

            if (striped == (Volatile.Read(ref _anonVmas[root].Striped) != 0))
            {
                structure = striped ? _locks.Structure(root) : null;
                return latch;
            }

            latch.ExitRead();
        }
    }
}
