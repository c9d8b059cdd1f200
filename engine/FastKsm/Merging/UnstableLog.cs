using System;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>
/// What has been entered into the unstable index during this scan and taken out again, in order. 12 bytes a step.
/// </summary>
/// <remarks>
/// Kept only while there are huge pages: taking one apart may take pages away that have been entered, and which searches
/// that stops depends on the shape of Linux's tree, which depends on all of this. Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class UnstableLog : IDisposable
{
    // Of what all items could come to in a scan, an eighth; what does not fit is lost, and with it the log of that scan.
    private const uint MaxSteps = 1 << 29;

    private readonly RmapItemTable _items;
    private readonly NativeColumn<Step> _steps;
    private uint _count;
    private bool _isComplete = true;

    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal UnstableLog(MergeParts parts)
    {
        _items = parts.Items;
        _steps = new NativeColumn<Step>(MaxSteps, parts.Faults);
    }

    /// <summary>Bytes of the steps.</summary>
    internal long UsedBytes => _count * 12L;

    /// <summary>A new scan begins.</summary>
    internal void Clear() => (_count, _isComplete) = (0, true);

    /// <summary>An item has been entered or taken out.</summary>
    /// <param name="item">The item.</param>
    /// <param name="numa">Its tree; -1 if it has been taken out.</param>
    internal void Add(uint item, int numa)
    {
        if (_isComplete && _count < MaxSteps && _steps.TryCover(_count))
        {
            _steps[_count++] = new Step { Item = item, Numa = numa };
        }
        else
        {
            _isComplete = false;
        }
    }

    /// <summary>
    /// Does all of it again in a tree. Items that are in it afterwards know their place there, the others what they
    /// knew.
    /// </summary>
    /// <returns>False when the log is not complete, or the host has no memory; the tree is empty then.</returns>
    internal bool TryReplay(UnstableTree tree)
    {
        bool done = _isComplete;
        uint end = 0;
        for (; end < _count && done; end++)
        {
            ref Step step = ref _steps[end];
            if (step.Numa < 0)
            {
                tree.Remove(step.Item);
            }
            else
            {
                step.Place = _items[step.Item].Node;
                done = _items[step.Item].State != RmapItemState.Absent && tree.TryEnterAgain(step.Item, step.Numa);
            }
        }

        for (uint i = 0; i < end; i++)
        {
            ref RmapItem item = ref _items[_steps[i].Item];
            if (_steps[i].Numa >= 0 && (!done || item.State != RmapItemState.Unstable))
            {
                item.Node = _steps[i].Place;
            }
        }

        if (!done)
        {
            tree.Forget();
        }

        return done;
    }

    /// <inheritdoc/>
    public void Dispose() => _steps.Dispose();

    private struct Step
    {
        internal uint Item;
        internal int Numa;
        internal uint Place; // In the table, or of its stable record.
    }
}
