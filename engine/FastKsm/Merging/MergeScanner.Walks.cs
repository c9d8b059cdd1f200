using FastKsm.AddressSpaces;

namespace FastKsm.Merging;

/// <content>What reverse-map walks over merged frames ask.</content>
internal sealed partial class MergeScanner : IMergedFrames
{
    /// <inheritdoc/>
    public bool TryEnter(Pfn frame, bool tryOnly, out uint list) => _stable.TryEnterList(frame, tryOnly, out list);

    /// <inheritdoc/>
    public void Exit(uint list) => _stable.ExitList(list);

    /// <inheritdoc/>
    public uint FirstPlace(uint list) => _stable.FirstRecordOf(list);

    /// <inheritdoc/>
    public uint NextPlace(uint id, out MergedPlace place)
    {
        uint next = _stable.NextRecord(id, out StableRecord record);
        ulong index = ((ulong)_items[record.Item].Sequence << 32) | record.Index;
        place = new MergedPlace(SlotOf(record.Item).Space.Id, _items.PageOf(record.Item), record.AnonVma, index);
        return next;
    }

    /// <inheritdoc/>
    public void Moved(Pfn from, Pfn to) => _stable.Move(from, to);
}
