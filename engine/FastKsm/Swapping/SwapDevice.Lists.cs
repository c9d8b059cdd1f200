using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <content>The lists. The latch is taken with the moved cluster's lock held, or before a cluster's lock is
/// tried.</content>
internal sealed partial class SwapDevice<TLayout>
{
    /// <summary>First cluster that may never have been used; for checks.</summary>
    internal uint Virgin => TLayout.IsLazy ? _virgin : _clusters;

    /// <summary>The clusters of a list in order; for checks at rest.</summary>
    /// <param name="list">The list.</param>
    /// <param name="after">The one before it; null for the first.</param>
    internal uint? NextOn(int list, uint? after)
    {
        uint link = after is { } cluster ? _layout.Next(cluster) : _lists[list].Head;
        return link == 0 ? null : link - 1;
    }

    private bool TryTakeVirgin(out uint cluster)
    {
        SpinLatch.Enter(ref _latch);
        while (_virgin < _clusters && _layout.HasTable(_virgin))
        {
            _virgin++;
        }

        cluster = _virgin;
        bool done = cluster < _clusters && _layout.TryLock(cluster);
        if (done)
        {
            _virgin++;
        }

        SpinLatch.Exit(ref _latch);
        return done;
    }

    private bool TryTakeLinked(int list, out uint cluster)
    {
        cluster = 0;
        if (_lists[list].Head == 0)
        {
            return false;
        }

        bool done = false;
        SpinLatch.Enter(ref _latch);
        for (uint link = _lists[list].Head; link != 0 && !done; link = _layout.Next(link - 1))
        {
            cluster = link - 1;
            if (_layout.TryLock(cluster))
            {
                done = true;
                Unlink(cluster, list);
                _layout.SetFlag(cluster, ClusterFlag.None);
                break;
            }
        }

        SpinLatch.Exit(ref _latch);
        return done;
    }

    // A cluster without a slot in use: its tables go, and it waits for its next use, perhaps for being discarded
    // before.
    private void Empty(uint cluster)
    {
        _layout.Close(cluster);
        bool isDiscarded = Options.DiscardsClusters && IsWritable;
        MoveTo(
            cluster,
            isDiscarded ? ClusterLists.Discard : ClusterLists.Free,
            isDiscarded ? ClusterFlag.Discard : ClusterFlag.Free,
            order: 0);
    }

    private void MoveUnlessThere(uint cluster, int list, ClusterFlag flag)
    {
        if (_layout.Flag(cluster) != flag)
        {
            MoveTo(cluster, list, flag);
        }
    }

    private void MoveTo(uint cluster, int list, ClusterFlag flag) => MoveTo(cluster, list, flag, _layout.Order(cluster));

    private void MoveTo(uint cluster, int list, ClusterFlag flag, int order)
    {
        int former = ClusterLists.Of(_layout.Flag(cluster), _layout.Order(cluster));
        SpinLatch.Enter(ref _latch);
        if (former >= 0)
        {
            Unlink(cluster, former);
        }

        ref ClusterList ends = ref _lists[list];
        _layout.Previous(cluster) = ends.Tail;
        _layout.Next(cluster) = 0;
        if (ends.Tail == 0)
        {
            ends.Head = cluster + 1;
        }
        else
        {
            _layout.Next(ends.Tail - 1) = cluster + 1;
        }

        ends.Tail = cluster + 1;
        ends.Count++;
        SpinLatch.Exit(ref _latch);
        _layout.SetFlag(cluster, flag);
        _layout.SetOrder(cluster, order);
    }

    private void Unlink(uint cluster, int list)
    {
        ref ClusterList ends = ref _lists[list];
        uint previous = _layout.Previous(cluster);
        uint next = _layout.Next(cluster);
        Debug.Assert(previous != 0 || ends.Head == cluster + 1, "The cluster is not on that list.");
        if (previous == 0)
        {
            ends.Head = next;
        }
        else
        {
            _layout.Next(previous - 1) = next;
        }

        if (next == 0)
        {
            ends.Tail = previous;
        }
        else
        {
            _layout.Previous(next - 1) = previous;
        }

        ends.Count--;
    }
}
