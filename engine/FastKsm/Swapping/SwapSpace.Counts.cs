namespace FastKsm.Swapping;

/// <content>Swap entries that name slots: dup, put and zap. Runs are cut at clusters.</content>
internal sealed partial class SwapSpace<TLayout, TFolios>
{
    /// <inheritdoc/>
    internal override long CountOf(SwapEntry entry)
    {
        SwapDevice<TLayout> device = _registry.Of(entry);
        device.Layout.Head(entry.Cluster).Enter();
        long count = device.Layout.HasTable(entry.Cluster) ? device.CountAt(entry.Cluster, entry.Position) : 0;
        device.Layout.Head(entry.Cluster).Exit();
        return count;
    }

    /// <inheritdoc/>
    internal override SwapStatus DuplicateCached(SwapEntry first, int count = 1) =>
        Duplicate(first, count, isCached: true);

    /// <inheritdoc/>
    internal override SwapStatus Duplicate(SwapEntry first, int count = 1) => Duplicate(first, count, isCached: false);

    /// <inheritdoc/>
    internal override SwapStatus PutCached(SwapEntry first, int count = 1)
    {
        SwapDevice<TLayout> device = _registry.Of(first);
        SwapStatus status = SwapStatus.Done;
        for (int done = 0; done < count && status == SwapStatus.Done;)
        {
            SwapEntry at = first.Plus((uint)done);
            int run = RunInCluster(at, count - done);
            device.Layout.Head(at.Cluster).Enter();
            status = device.LowerRun(at.Cluster, at.Position, run);
            device.Layout.Head(at.Cluster).Exit();
            done += run;
        }

        return status;
    }

    /// <inheritdoc/>
    internal override SwapStatus Put(SwapEntry first, int count = 1)
    {
        SwapDevice<TLayout> device = _registry.Of(first);
        SwapStatus status = SwapStatus.Done;
        for (int done = 0; done < count && status == SwapStatus.Done;)
        {
            SwapEntry at = first.Plus((uint)done);
            int run = RunInCluster(at, count - done);
            SlotSet later = default;
            ref ClusterHead cluster = ref device.Layout.Head(at.Cluster);
            cluster.Enter();
            status = device.PutRun(at.Cluster, at.Position, run, out bool isCacheOnly, ref later);
            cluster.Exit();
            device.FinishFreeing(at.Cluster, later);
            if (isCacheOnly)
            {
                DropUnnamed(at, run);
            }

            done += run;
        }

        _ = _registry.AfterCounting(device);
        return status;
    }

    private static int RunInCluster(SwapEntry at, int count) => int.Min(count, SwapLimits.ClusterSlots - at.Position);

    private SwapStatus Duplicate(SwapEntry first, int count, bool isCached)
    {
        SwapDevice<TLayout> device = _registry.Of(first);
        for (int done = 0; done < count;)
        {
            SwapEntry at = first.Plus((uint)done);
            int run = RunInCluster(at, count - done);
            ref ClusterHead cluster = ref device.Layout.Head(at.Cluster);
            cluster.Enter();
            SwapStatus status = device.RaiseRun(at.Cluster, at.Position, run, isCached);
            cluster.Exit();
            if (status != SwapStatus.Done)
            {
                // What was raised can be lowered again: nothing but these references is given back.
                _ = done != 0 ? PutCached(first, done) : SwapStatus.Done;
                return status;
            }

            done += run;
        }

        return SwapStatus.Done;
    }

    // Folios in the cache whose slots nothing names any more, where a folio's lock is free.
    private void DropUnnamed(SwapEntry first, int count)
    {
        for (int i = 0; i < count;)
        {
            SwapEntry at = first.Plus((uint)i);
            int slots = 0;
            if (_cache.Peek(at) is { Kind: SlotKind.Cached } && _cache.TryDropUnnamed(at, anyway: false, out slots))
            {
                i += slots - (int)(at.Offset % (uint)slots);
                continue;
            }

            i++;
        }
    }
}
