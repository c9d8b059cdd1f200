using System.Collections.Generic;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Model;

/// <content>Paging out: nothing that can be read changes, but for what MADV_FREE has offered and nobody has written since.</content>
internal sealed partial class DictionaryMachine
{
    /// <summary>Pages whose frames were paged out, one for each page that mapped them.</summary>
    internal int PagesSwapped { get; private set; }

    /// <summary>Those of them that were merged.</summary>
    internal int MergedPagesSwapped { get; private set; }

    /// <summary>Offered pages that were emptied instead.</summary>
    internal int PagesDropped { get; private set; }

    // By the owner's advice, which concerns pages that nobody else maps, or as memory pressure does.
    private void PageOut(in ModelOp op, Running running, ulong page, ulong end)
    {
        bool advised = op.Choice % 3 == 0;
        Errno expected = ExpectAdvice(running, page, end, Advice.PageOut, out List<ulong> concerned);
        Place[] places = PlacesNow();
        Target[] targets = TargetsOf(running, page, advised && expected == Errno.Invalid ? (concerned.Count == 0 ? page : concerned[^1] + 1) : end, places);
        HashSet<Pfn> asked = [.. targets.Select(target => target.Frame)];
        long gone = 0;
        if (advised)
        {
            Expect(expected, () => running.Process.Advise(page * PageSize, Bytes(page, end), Advice.PageOut));
        }
        else
        {
            gone = running.Process.PageOut(page * PageSize, Bytes(page, end));
        }

        foreach (Place place in places.Where(place => !asked.Contains(place.Frame)))
        {
            Assert.True(IsUnmoved(place), $"Page {place.Page} of {place.Running} was not to be paged out.");
        }

        foreach (Target target in targets)
        {
            ComparePagedOut(target, advised);
        }

        if (!advised && !targets.Any(target => target.IsHuge))
        {
            Assert.Equal(targets.Count(target => target.Places.All(place => FrameOf(place.Running, place.Page) != target.Frame)), gone);
        }

        Refusals += asked.Count == 0 && expected == Errno.None ? 1 : 0;
    }

    private void ComparePagedOut(Target target, bool advised)
    {
        foreach (Place place in target.Places)
        {
            Pte now = place.Running.Process.Space.Translate(place.Page);
            DictionaryPage entry = place.Running.Pages[place.Page];
            PagesSwapped += now.IsSwap ? 1 : 0;
            MergedPagesSwapped += now.IsSwap && target.IsMerged ? 1 : 0;
            if (now.IsEmpty)
            {
                Assert.True(entry.MayBeDropped, $"Page {place.Page} of {place.Running} has been dropped, though it was not offered.");
                Release(place.Running, place.Page, place.Page + 1);
                (entry.Value, entry.MayBeDropped) = (0, false);
                PagesDropped++;
            }
        }

        Place[] left = [.. target.Places.Where(place => FrameOf(place.Running, place.Page) != target.Frame)];
        Assert.All(left, place => Assert.True(IsUnmoved(place) || !place.Running.Process.FrameAt(place.Page * PageSize).IsSome, "It has another frame."));
        bool all = left.Length == target.Places.Length;
        Assert.DoesNotContain(left, place => place.Entry.Locked);
        Assert.True(left.Length == 0 || !target.IsLent, "Somebody has borrowed the frame.");
        Assert.True(left.Length == 0 || !advised || target.Places.Length == 1, "Others map the frame too.");
        Assert.True(!target.IsWrittenOffer || !all, "What was offered and written is kept once more.");
        Assert.True(left.Select(place => place.Running.Process.Space.Translate(place.Page).Entry).Distinct().Count() <= 1, "One frame, one slot.");
        bool mustGo = target.IsReachable && !target.IsLent && !target.IsWrittenOffer
            && !target.Places.Any(place => place.Entry.Locked) && !(advised && target.Places.Length != 1);
        Assert.True(all || !mustGo, $"Frame {target.Frame} stays for no reason.");
        Assert.True(left.Length == 0 || target.IsSwapBacked || target.IsHuge || left.All(place => FrameOf(place.Running, place.Page) == Pfn.None
            && !place.Running.Process.IsSwappedAt(place.Page * PageSize)), "What was offered is dropped.");
    }

    // MADV_FREE: a page that is nobody else's is an offer from now on, and what is paged out is dropped at once.
    private void Offer(Running running, Dictionary<ulong, Pte> before)
    {
        Place[] places = PlacesNow();
        foreach ((ulong page, Pte pte) in before)
        {
            DictionaryPage entry = running.Pages[page];
            entry.MayBeDropped |= pte.IsCounted;
            if (pte.IsSwap)
            {
                (entry.Value, entry.MayBeDropped) = (0, false);
            }
            else if (pte.IsCounted && !Has(running, page, FrameFlags.Huge) && places.Count(place => place.Frame == pte.Frame) == 1
                && Has(running, page, FrameFlags.Anonymous))
            {
                Assert.False(Has(running, page, FrameFlags.SwapBacked), $"Page {page} of {running} is no offer.");
                Assert.False(running.Process.Space.Translate(page).IsDirty);
            }
        }
    }

    private Place[] PlacesNow() => [.. AllPages().Select(entry =>
    {
        Pte pte = entry.Running.Process.Space.Translate(entry.Page);
        bool huge = pte.IsCounted && _machine.Store.Frames[pte.Frame].Has(FrameFlags.Huge);
        return new Place(entry.Running, entry.Page, entry.Entry, pte, pte.IsCounted ? pte.Frame : Pfn.None, huge);
    })];

    // Anonymous frames of a range, in the order of its pages.
    private Target[] TargetsOf(Running running, ulong page, ulong end, Place[] places) =>
    [
        .. running.Pages.Keys.Where(at => at >= page && at < end).Select(at => FrameOf(running, at)).Distinct()
            .Where(frame => frame.IsSome && _machine.Store.Frames[frame].Has(FrameFlags.Anonymous)).Select(frame => TargetOf(frame, places)),
    ];

    // Pages that the merger has merged into a frame, whether or not they map it still.
    private HashSet<(uint Space, ulong Page)> FiledUnder(Pfn frame)
    {
        HashSet<(uint, ulong)> filed = [];
        for (uint id = _machine.Store.Frames[frame].Has(FrameFlags.Ksm) ? _machine.Merger.FirstPlace(_machine.Store.Frames[frame].Mapping) : 0; id != 0;)
        {
            id = _machine.Merger.NextPlace(id, out MergedPlace place);
            _ = filed.Add((place.Space, place.Page));
        }

        return filed;
    }

    private Target TargetOf(Pfn frame, Place[] places)
    {
        ref FrameRecord record = ref _machine.Store.Frames[frame];
        Place[] mapped = [.. places.Where(place => place.Frame == frame)];
        bool huge = record.Has(FrameFlags.Huge);
        bool merged = record.Has(FrameFlags.Ksm);
        Pfn Whole(Pfn part) => huge ? PhysicalMemory.HeadOf(part) : part;
        HashSet<(uint, ulong)> filed = FiledUnder(frame);
        return new Target(frame, mapped)
        {
            Flags = record.Flags,
            Filed = filed,
            IsHuge = huge,
            IsMerged = merged,
            IsSwapBacked = record.Has(FrameFlags.SwapBacked),
            IsWrittenOffer = !record.Has(FrameFlags.SwapBacked) && (record.Has(FrameFlags.Dirty) || mapped.Any(place => place.Pte.IsDirty)),
            IsLent = _loans.Any(loan => Whole(loan.Pin.Frame) == Whole(frame)),

            // Of merged pages those that fork has brought along are found through the page that they are a copy of, while it is merged.
            IsReachable = !merged || mapped.All(place => filed.Contains((place.Running.Process.Space.Id, place.Page))),
        };
    }

    // A page of zeroes of a huge page that is taken apart gets the zero frame.
    private static bool IsUnmoved(Place place)
    {
        Pte now = place.Running.Process.Space.Translate(place.Page);
        return now.WithAccessed(false).ForOnePage() == place.Pte.WithAccessed(false).ForOnePage()
            || (now.IsPresent && now.Frame == place.Frame)
            || (now.IsZeroFrame && place.IsHuge && place.Entry.Value == 0);
    }

    // A page, and what its page table said.
    private sealed record Place(Running Running, ulong Page, DictionaryPage Entry, Pte Pte, Pfn Frame, bool IsHuge);

    // A frame that is to be moved or paged out, and who maps it.
    private sealed record Target(Pfn Frame, Place[] Places)
    {
        internal required FrameFlags Flags { get; init; }

        internal required HashSet<(uint Space, ulong Page)> Filed { get; init; }

        internal required bool IsHuge { get; init; }

        internal required bool IsMerged { get; init; }

        internal required bool IsSwapBacked { get; init; }

        internal required bool IsWrittenOffer { get; init; }

        internal required bool IsLent { get; init; }

        internal required bool IsReachable { get; init; }
    }
}
