using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm.Merging;

/// <content>What reverse-map walks over merged frames ask.</content>
internal sealed partial class MergeScanner<TObserver> : IMergedFrames
{
    /// <inheritdoc/>
    public bool TryEnter(bool tryOnly)
    {
        if (tryOnly)
        {
            return _mutex.TryEnter();
        }

        _mutex.Enter();
        return true;
    }

    /// <inheritdoc/>
    public void Exit() => _mutex.Exit();

    /// <inheritdoc/>
    public uint FirstPlace(Pfn frame) => _stable.FirstRecordOf(frame);

    /// <inheritdoc/>
    public uint NextPlace(uint id, out MergedPlace place)
    {
        uint next = _stable.NextRecord(id, out StableRecord record);
        RmapItem item = _items[record.Item];
        ulong index = ((ulong)item.Sequence << 32) | record.Index;
        place = new MergedPlace(SlotOf(record.Item).Space.Id, _items.PageOf(record.Item), record.AnonVma, index);
        return next;
    }

    /// <inheritdoc/>
    public void Moved(Pfn from, Pfn to) => _stable.Move(from, to);
}
