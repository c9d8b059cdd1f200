using System.Diagnostics;

namespace FastKsm.Swapping;

/// <content>How many swap entries name a slot. All with the cluster's lock held.</content>
internal sealed partial class SwapDevice<TLayout>
{
    private static byte InOverflow => (byte)(TLayout.InlineLimit + 1);

    /// <summary>Swap entries that name a slot.</summary>
    internal long CountAt(uint cluster, int position)
    {
        SlotState state = _layout.Read(cluster, position);
        return state.Count == InOverflow ? _layout.Overflow(cluster, position) : state.Count;
    }

    /// <summary>Adds one to the count of each slot of a run, or to none.</summary>
    internal SwapStatus RaiseRun(uint cluster, int position, int count, bool isCached)
    {
        if (!_layout.HasTable(cluster))
        {
            return SwapStatus.NoEntry;
        }

        for (int i = _layout.RaiseInline(cluster, position, count, isCached); i < count; i++)
        {
            SlotState state = _layout.Read(cluster, position + i);
            SwapStatus status = (isCached ? state.Kind != SlotKind.Cached : state.Count == 0) ? SwapStatus.NoEntry
                : state.Count == TLayout.InlineLimit && !_layout.TryOpenOverflow(cluster) ? SwapStatus.OutOfNativeMemory
                : SwapStatus.Done;
            if (status != SwapStatus.Done)
            {
                while (i-- > 0)
                {
                    Lower(cluster, position + i, _layout.Read(cluster, position + i));
                }

                return status;
            }

            Raise(cluster, position + i, state);
        }

        return SwapStatus.Done;
    }

    /// <summary>Takes one off the count of each slot of a run; slots that come to 0 stay. For a locked folio in the
    /// cache.</summary>
    internal SwapStatus LowerRun(uint cluster, int position, int count)
    {
        SwapStatus status = CheckNamed(cluster, position, count);
        for (int i = 0; i < count && status == SwapStatus.Done; i++)
        {
            Lower(cluster, position + i, _layout.Read(cluster, position + i));
        }

        return status;
    }

    /// <summary>Takes one off the count of each slot of a run; slots that come to 0 and are not cached become
    /// free.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="position">First slot.</param>
    /// <param name="count">Slots.</param>
    /// <param name="isCacheOnly">Whether a cached slot has come to 0: its folio could be taken from the cache.</param>
    /// <param name="later">As for <see cref="FreeRun"/>.</param>
    internal SwapStatus PutRun(uint cluster, int position, int count, out bool isCacheOnly, ref SlotSet later)
    {
        isCacheOnly = false;
        if (_layout.HasTable(cluster) && _layout.AreNamedOnce(cluster, position, count))
        {
            FreeRun(cluster, position, count, ref later);
            return SwapStatus.Done;
        }

        SwapStatus status = CheckNamed(cluster, position, count);
        if (status != SwapStatus.Done)
        {
            return status;
        }

        int run = 0;
        int end = position + count;
        for (int at = position; at < end; at++)
        {
            SlotState state = _layout.Read(cluster, at);
            if (state is { Count: 1, Kind: SlotKind.Shadow })
            {
                run++;
                continue;
            }

            if (run != 0)
            {
                FreeRun(cluster, at - run, run, ref later);
                run = 0;
            }

            Lower(cluster, at, state);
            isCacheOnly |= state is { Count: 1 };
        }

        if (run != 0)
        {
            FreeRun(cluster, end - run, run, ref later);
        }

        return status;
    }

    // What is given back cannot be taken again, so a run is looked at whole before anything changes.
    private SwapStatus CheckNamed(uint cluster, int position, int count)
    {
        if (!_layout.HasTable(cluster))
        {
            return SwapStatus.NoEntry;
        }

        for (int i = 0; i < count; i++)
        {
            if (_layout.Read(cluster, position + i).Count == 0)
            {
                return SwapStatus.NoEntry;
            }
        }

        return SwapStatus.Done;
    }

    private void Raise(uint cluster, int position, in SlotState state)
    {
        if (state.Count < TLayout.InlineLimit)
        {
            _layout.Write(cluster, position, state with { Count = (byte)(state.Count + 1) });
        }
        else if (state.Count == TLayout.InlineLimit)
        {
            _layout.Overflow(cluster, position) = InOverflow;
            _layout.Write(cluster, position, state with { Count = InOverflow });
        }
        else
        {
            ref uint count = ref _layout.Overflow(cluster, position);
            Debug.Assert(count != uint.MaxValue, "More swap entries than a machine can have.");
            count++;
        }
    }

    private void Lower(uint cluster, int position, in SlotState state)
    {
        if (state.Count == InOverflow)
        {
            ref uint count = ref _layout.Overflow(cluster, position);
            if (--count > TLayout.InlineLimit)
            {
                return;
            }

            count = 0;
        }

        int left = state.Count - 1;
        _layout.Write(cluster, position, state with { Count = (byte)left });
        if (left >= TLayout.InlineLimit - 1 && _layout.HasOverflow(cluster))
        {
            _layout.DropEmptyOverflow(cluster);
        }
    }
}
