using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <content>The lists. The latch is taken with the moved cluster's lock held, or before a cluster's lock is
/// tried.</content>
internal sealed partial class SwapDevice<TLayout>
{
    /// <summary>First cluster that may never have been used; for checks.</summary>
    internal uint Virgin => TLayout.IsLazy ? _shares[0].Virgin : _clusters;

    /// <summary>
    /// Shares of CPUs that keep to clusters of their own; 1 where all CPUs share all clusters, as in Linux.
    /// </summary>
    internal int Shares => _shares.Length;

    /// <summary>The clusters of a list in order; for checks at rest.</summary>
    /// <param name="list">The list.</param>
    /// <param name="after">The one before it; null for the first.</param>
    internal uint? NextOn(int list, uint? after)
    {
        uint link = after is { } cluster ? _layout.Links(cluster).Next : EndsOf(list).Head;
        return link == 0 ? null : link - 1;
    }

    private bool TryTakeVirgin(out uint cluster)
    {
        ref ListsState common = ref _shares[0];
        SpinLatch.Enter(ref common.Latch, LockRank.SwapLists);
        while (common.Virgin < _clusters && _layout.HasTable(common.Virgin))
        {
            common.Virgin++;
        }

        cluster = common.Virgin;
        bool done = cluster < _clusters && _layout.Head(cluster).TryEnter();
        if (done)
        {
            common.Virgin++;
        }

        SpinLatch.Exit(ref common.Latch, LockRank.SwapLists);
        return done;
    }

    private bool TryTakeLinked(int list, out uint cluster)
    {
        cluster = 0;
        ref ClusterList ends = ref EndsOf(list);
        if (ends.Head == 0)
        {
            return false;
        }

        bool done = false;
        ref int latch = ref LatchOf(list);
        SpinLatch.Enter(ref latch, LockRank.SwapLists);
        for (uint link = ends.Head; link != 0 && !done; link = _layout.Links(link - 1).Next)
        {
            cluster = link - 1;
            if (_layout.Head(cluster).TryEnter())
            {
                done = true;
                Unlink(cluster, list);
                _layout.Head(cluster).Flag = ClusterFlag.None;
                break;
            }
        }

        SpinLatch.Exit(ref latch, LockRank.SwapLists);
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
        if (_layout.Head(cluster).Flag != flag)
        {
            MoveTo(cluster, list, flag);
        }
    }

    private void MoveTo(uint cluster, int list, ClusterFlag flag) => MoveTo(cluster, list, flag, _layout.Head(cluster).Order);

    private void MoveTo(uint cluster, int list, ClusterFlag flag, int order)
    {
        ref ClusterHead record = ref _layout.Head(cluster);
        int former = ClusterLists.Of(record);
        list = ClusterLists.In(record.Share, list);
        ref int latch = ref LatchOf(former >= 0 ? former : list);
        SpinLatch.Enter(ref latch, LockRank.SwapLists);
        if (former >= 0)
        {
            Unlink(cluster, former);
            if (ClusterLists.ShareOf(former) != ClusterLists.ShareOf(list))
            {
                // On no list for a moment: no other thread looks for the cluster while its lock is held.
                SpinLatch.Exit(ref latch, LockRank.SwapLists);
                latch = ref LatchOf(list);
                SpinLatch.Enter(ref latch, LockRank.SwapLists);
            }
        }

        ref ClusterList ends = ref EndsOf(list);
        _layout.Links(cluster).Previous = ends.Tail;
        _layout.Links(cluster).Next = 0;
        if (ends.Tail == 0)
        {
            ends.Head = cluster + 1;
        }
        else
        {
            _layout.Links(ends.Tail - 1).Next = cluster + 1;
        }

        ends.Tail = cluster + 1;
        ends.Count++;
        SpinLatch.Exit(ref latch, LockRank.SwapLists);
        record.Flag = flag;
        record.Order = order;
    }

    private void Unlink(uint cluster, int list)
    {
        ref ClusterList ends = ref EndsOf(list);
        uint previous = _layout.Links(cluster).Previous;
        uint next = _layout.Links(cluster).Next;
        Debug.Assert(previous != 0 || ends.Head == cluster + 1, "The cluster is not on that list.");
        if (previous == 0)
        {
            ends.Head = next;
        }
        else
        {
            _layout.Links(previous - 1).Next = next;
        }

        if (next == 0)
        {
            ends.Tail = previous;
        }
        else
        {
            _layout.Links(next - 1).Previous = previous;
        }

        ends.Count--;
    }

    private ref int LatchOf(int list) => ref _shares[ClusterLists.ShareOf(list)].Latch;

    private ref ClusterList EndsOf(int list) =>
        ref _shares[ClusterLists.ShareOf(list)].Lists[ClusterLists.Within(list)];
}
