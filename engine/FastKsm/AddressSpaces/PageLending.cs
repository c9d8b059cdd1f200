using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>Frames on loan to devices and pipes.</summary>
internal static class PageLending
{
    /// <summary>
    /// Borrows the frame of a page; <see cref="AddressSpaceStore.Unpin"/> gives it back, however long after.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">What for.</param>
    /// <param name="pin">Id of the loan; 0 unless done.</param>
    internal static MemoryStatus Pin(AddressSpace space, int cpu, ulong page, PinKind kind, out uint pin)
    {
        if (!space.Store.Pins.TryTake(out pin))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        FaultKind access = kind == PinKind.Write ? FaultKind.Write : FaultKind.Read;
        AccessNote note = default;
        MemoryStatus status;
        space.EnterShared();
        for (; ; )
        {
            if (kind != PinKind.Write && !MayLendForReading(space, page, kind))
            {
                status = MemoryStatus.NotPermitted;
                break;
            }

            status = PageAccess.Open(space, cpu, page, access, ref note, out LeafEdit edit, out _);
            if (status != MemoryStatus.Done)
            {
                break;
            }

            Pte pte = edit.Get(PageTable.PositionOf(page));
            if (kind != PinKind.Read || !pte.IsCounted || !IsShared(space, pte))
            {
                Lend(space.Store, pte, kind, ref space.Store.Pins[pin]);
                edit.Exit();
                break;
            }

            // A borrower that reads must see what the owner writes later, so the page becomes the owner's alone first.
            edit.Exit();
            status = PageFault.Handle(space, cpu, page, FaultKind.Unshare, out _);
            if (status != MemoryStatus.Done)
            {
                break;
            }
        }

        space.ExitShared();
        if (status != MemoryStatus.Done)
        {
            space.Store.Pins.Return(pin);
            pin = 0;
        }

        return status;
    }

    // A VMA that permits only writes lends what the page table has at hand, which permits reading; it faults nothing in.
    private static bool MayLendForReading(AddressSpace space, ulong page, PinKind kind)
    {
        uint id = space.Vmas.Containing(page);
        if (id == 0 || space.Vmas[id].Has(VmaFlags.Read))
        {
            return true;
        }

        uint leaf = space.Table.Find(page);
        if (leaf == 0)
        {
            return false;
        }

        LeafEdit edit = new(space.Table, leaf, page);
        Pte pte = edit.GetSettled(PageTable.PositionOf(page));
        edit.Exit();
        return pte.IsCounted && pte.IsAccessible && (kind == PinKind.Reference || !IsShared(space, pte));
    }

    private static bool IsShared(AddressSpace space, Pte pte) =>
        space.Store.Frames[pte.Frame].Has(FrameFlags.Anonymous) && !space.Store.IsExclusive(pte);

    private static void Lend(AddressSpaceStore store, Pte pte, PinKind kind, ref PinRecord record)
    {
        record.Kind = kind;
        record.Loan = store.NextLoan();
        record.Frame = pte.IsCounted ? pte.Frame : Pfn.None;
        if (record.Frame.IsSome)
        {
            ref FrameRecord frame = ref store.Frames.HolderOf(pte.Frame);
            frame.AddReference();
            if (kind != PinKind.Reference)
            {
                frame.AddPin();
            }
        }
    }
}
