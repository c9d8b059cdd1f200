using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <content>Frames on loan to devices and pipes.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>
    /// Borrows the frame of a page; <see cref="AddressSpaceStore.Unpin"/> gives it back, however long after.
    /// </summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">What for.</param>
    /// <param name="pin">Id of the loan; 0 unless done.</param>
    internal MemoryStatus Pin(int cpu, ulong page, PinKind kind, out uint pin)
    {
        if (!_store.Pins.TryTake(out pin))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        FaultKind access = kind == PinKind.Write ? FaultKind.Write : FaultKind.Read;
        AccessNote note = default;
        MemoryStatus status;
        _latch.EnterRead();
        for (; ; )
        {
            if (kind != PinKind.Write && !MayLendForReading(page, kind))
            {
                status = MemoryStatus.NotPermitted;
                break;
            }

            status = Open(cpu, page, access, ref note, out uint leaf, out _);
            if (status != MemoryStatus.Done)
            {
                break;
            }

            Pte pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
            if (kind != PinKind.Read || !pte.IsCounted || !IsShared(pte))
            {
                Lend(pte, kind, ref _store.Pins[pin]);
                _pageTable.Exit(leaf);
                break;
            }

            // A borrower that reads must see what the owner writes later, so the page becomes the owner's alone first.
            _pageTable.Exit(leaf);
            status = FaultCore(cpu, page, FaultKind.Unshare);
            if (status != MemoryStatus.Done)
            {
                break;
            }
        }

        ExitShared();
        if (status != MemoryStatus.Done)
        {
            _store.Pins.Return(pin);
            pin = 0;
        }

        return status;
    }

    // A VMA that permits only writes lends what the page table has at hand, which permits reading; it faults nothing in.
    private bool MayLendForReading(ulong page, PinKind kind)
    {
        uint id = FindContaining(page);
        if (id == 0 || VmaAt(id).Has(VmaFlags.Read))
        {
            return true;
        }

        uint leaf = _pageTable.Find(page);
        if (leaf == 0)
        {
            return false;
        }

        _pageTable.Enter(leaf);
        Pte pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
        _pageTable.Exit(leaf);
        return pte.IsCounted && pte.IsAccessible && (kind == PinKind.Reference || !IsShared(pte));
    }

    private bool IsShared(Pte pte) => _store.Frames[pte.Frame].Has(FrameFlags.Anonymous) && !IsExclusive(pte);

    private void Lend(Pte pte, PinKind kind, ref PinRecord record)
    {
        record.Kind = kind;
        record.Loan = _store.NextLoan();
        record.Frame = pte.IsCounted ? pte.Frame : Pfn.None;
        if (record.Frame.IsSome)
        {
            ref FrameRecord frame = ref _store.Frames.HolderOf(pte.Frame);
            frame.AddReference();
            if (kind != PinKind.Reference)
            {
                frame.AddPin();
            }
        }
    }
}
