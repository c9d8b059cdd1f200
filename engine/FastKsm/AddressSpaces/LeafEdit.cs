using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>
/// The one way to change page-table entries: a leaf under its latch, and the flush that the changes owe.
/// </summary>
/// <remarks>
/// A thread that changes an entry says what the change means (install, loosen, tighten, take), and the edit notes
/// whether CPUs may hold a translation that has to go (the reference's table for x86, 2.8). The debt is paid after <see
/// cref="Exit"/>: no thread waits under a leaf's latch. It is paid at once by <see cref="AddressSpace.Pay"/>, or later
/// by a gather. A change that must not show before its flush has come puts a marker in the entry's place (<see
/// cref="Pte.Busy"/>), pays, enters again and replaces the marker; others wait. Thread safety: belongs to the thread
/// that has the latch.
/// </remarks>
internal ref struct LeafEdit
{
    private readonly PageTable _table;
    private readonly ulong _firstPage;
    private FlushDebt _debt;

    /// <summary>Takes the latch of a leaf that the mm lock keeps.</summary>
    /// <param name="table">The page table.</param>
    /// <param name="leaf">The leaf.</param>
    /// <param name="page">A page of it.</param>
    /// <param name="file">Where it is taken.</param>
    /// <param name="line">In which line.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LeafEdit(
        PageTable table, uint leaf, ulong page, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        table.Enter(leaf, file, line);
        _table = table;
        Leaf = leaf;
        _firstPage = PageTable.FirstOf(page);
    }

    private LeafEdit(PageTable table, uint leaf, ulong firstPage, bool entered)
    {
        Debug.Assert(entered, "The latch is held.");
        _table = table;
        Leaf = leaf;
        _firstPage = firstPage;
    }

    /// <summary>Takes the latch of a page's leaf without the mm lock.</summary>
    /// <returns>False when there is none; nothing is held.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter(PageTable table, ulong page, out LeafEdit edit)
    {
        if (table.TryEnter(page, out uint leaf))
        {
            edit = new LeafEdit(table, leaf, PageTable.FirstOf(page), entered: true);
            return true;
        }

        edit = default;
        return false;
    }

    /// <summary>Id of the leaf.</summary>
    internal uint Leaf { get; }

    /// <summary>What the leaf is.</summary>
    internal readonly LeafKind Kind => _table.KindOf(Leaf);

    /// <summary>Entries that are not empty.</summary>
    internal readonly int Populated => _table.PopulatedIn(Leaf);

    /// <summary>The entry of a huge mapping.</summary>
    internal readonly Pte Whole => _table.GetWhole(Leaf);

    /// <summary>The flush that is owed, and has to be paid when the latch has been given back.</summary>
    internal readonly FlushDebt Debt => _debt;

    /// <summary>Huge mappings that have been split: a flush of all 512 pages each, as on Linux.</summary>
    internal int Splits { readonly get; private set; }

    /// <summary>Takes over the flushes that splits owe; the edit owes none then.</summary>
    internal int TakeSplits()
    {
        int splits = Splits;
        Splits = 0;
        return splits;
    }

    /// <summary>First page of the leaf.</summary>
    internal readonly ulong FirstPage => _firstPage;

    /// <summary>An entry, perhaps a marker.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Pte Get(int position) => _table.Get(Leaf, position);

    /// <summary>
    /// An entry that is none of another thread's markers: gives the latch back for as long as it is one. Under the mm
    /// lock.
    /// </summary>
    /// <remarks>
    /// The thread that has put the marker there needs nothing but a flush and this latch to take it away, so the wait
    /// ends.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Pte GetSettled(int position)
    {
        Pte pte = _table.Get(Leaf, position);
        return pte.IsBusy ? Settle(position) : pte;
    }

    /// <summary>Gives the latch back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Exit() => _table.Exit(Leaf);

    /// <summary>Hands over what is owed so far; the edit owes nothing then.</summary>
    internal FlushDebt Detach()
    {
        FlushDebt owed = _debt;
        _debt = default;
        return owed;
    }

    /// <summary>Owes what has been detached again.</summary>
    internal void Attach(in FlushDebt owed, int splits = 0)
    {
        _debt.Add(owed);
        Splits += splits;
    }

    /// <summary>
    /// Takes the latch again. Under the mm lock, or with a marker of one's own in the leaf, which keeps it.
    /// </summary>
    internal readonly void Reenter([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _table.Enter(Leaf, file, line);

    /// <summary>
    /// Puts an entry where none was present. No CPU can hold anything: absent entries are never cached.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Install(int position, Pte pte)
    {
        Debug.Assert(!_table.Get(Leaf, position).IsPresent, "A present entry is taken first.");
        _table.Set(Leaf, position, pte);
    }

    /// <summary>Gives an entry more rights, or notes a use. A CPU that holds less faults, and finds this.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Loosen(int position, Pte pte)
    {
        Debug.Assert(pte.IsAtLeast(_table.Get(Leaf, position)), "An entry that loses something is tightened.");
        _table.Set(Leaf, position, pte);
    }

    /// <summary>Gives an entry of the same frame fewer rights, or forgets that it was used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Tighten(int position, Pte pte)
    {
        Pte old = _table.Get(Leaf, position);
        Debug.Assert(old.Frame == pte.Frame || !old.IsPresent, "An entry that loses its frame is taken.");
        if (old.LosesTo(pte))
        {
            _debt.AddPage(_firstPage + (uint)position);
        }

        _table.Set(Leaf, position, pte);
    }

    /// <summary>
    /// Forgets that a page was written which no CPU can write by now. It owes nothing, though Linux flushes for any
    /// dirty bit that goes.
    /// </summary>
    internal readonly void Clean(int position)
    {
        Pte old = _table.Get(Leaf, position);
        Debug.Assert(old.IsPresent && !old.IsWritable, "A CPU could go on writing and leave the entry clean.");
        _table.SetClean(Leaf, position);
    }

    /// <summary><see cref="Tighten"/> where a flush is owed, and a batch makes it.</summary>
    /// <param name="position">Place in the leaf.</param>
    /// <param name="pte">The entry, of the same frame.</param>
    /// <param name="batch">The batch's flush.</param>
    /// <remarks>The batch is told before the latch is given back.</remarks>
    internal readonly void TightenInBatch(int position, Pte pte, FlushSite batch)
    {
        Pte old = _table.Get(Leaf, position);
        Debug.Assert(old.Frame == pte.Frame, "An entry that loses its frame is taken.");
        Debug.Assert(old.LosesTo(pte), "Nothing is owed.");
        _table.SetInBatch(Leaf, position, pte, batch);
    }

    /// <summary>
    /// Shows another frame with the same bytes, where no CPU can write either; a batch makes the flush, and the old
    /// frame must stay as it is until then.
    /// </summary>
    /// <param name="position">Place in the leaf.</param>
    /// <param name="pte">The entry.</param>
    /// <param name="batch">The batch's flush.</param>
    /// <returns>Whether a flush is owed; then the batch is told before the latch is given back.</returns>
    internal readonly bool ReplaceByTwin(int position, Pte pte, FlushSite batch)
    {
        Pte old = _table.Get(Leaf, position);
        Debug.Assert(old.IsPresent && pte.IsPresent && !old.IsWritable && !pte.IsWritable, "Twins stay twins.");
        _table.SetInBatch(Leaf, position, pte, batch);
        return old.IsAccessible;
    }

    /// <summary>Makes an entry look unused as madvise does, which flushes for the accessed bit, too.</summary>
    internal void Age(int position, Pte pte)
    {
        Pte old = _table.Get(Leaf, position);
        Debug.Assert(old.Frame == pte.Frame && old.IsPresent, "An entry that loses its frame is taken.");
        if (old.IsAccessed || old.LosesTo(pte))
        {
            _debt.AddPage(_firstPage + (uint)position);
        }

        _table.Set(Leaf, position, pte);
    }

    /// <summary>Changes rights as mprotect does: on x86 Linux flushes whether they shrink or grow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Reprotect(int position, Pte pte)
    {
        Pte old = _table.Get(Leaf, position);
        if (old.ChangesRightsTo(pte))
        {
            _debt.AddPage(_firstPage + (uint)position);
        }

        _table.Set(Leaf, position, pte);
    }

    /// <summary>Takes a present entry's frame away; its frame must not be let go before the debt is paid.</summary>
    /// <param name="position">Place in the leaf.</param>
    /// <param name="replacement">What stands there from now on: nothing, or an entry that is not present.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Take(int position, Pte replacement = default)
    {
        Debug.Assert(!replacement.IsPresent, "Another frame must not show before the flush.");
        Pte old = _table.Get(Leaf, position);
        Debug.Assert(old.IsPresent, "There is a frame to be taken.");
        if (old.IsAccessible)
        {
            _debt.AddPage(_firstPage + (uint)position);
        }

        _table.Set(Leaf, position, replacement);
    }

    /// <summary>
    /// The same without the mm lock, beside calls that have changed the entry and not flushed yet
    /// (<c>pte_accessible</c>).
    /// </summary>
    /// <remarks>
    /// An mprotect changes a page that may be written to one that permits nothing, leaves the latch, and has not
    /// flushed: another CPU still writes. A thread that takes the page now, and copies or frees its frame without a
    /// flush, loses that write. The mprotect counted itself before its first change, which this latch has made visible.
    /// </remarks>
    /// <param name="position">Place in the leaf.</param>
    /// <param name="replacement">What stands there from now on: nothing, or an entry that is not present.</param>
    /// <param name="translations">What CPUs may hold of the address space.</param>
    /// <returns>Whether a CPU may hold a translation, so that a flush is owed.</returns>
    internal bool TakeBesideCalls(int position, Pte replacement, SpaceTranslations translations)
    {
        bool mayBeHeld = _table.Get(Leaf, position).IsAccessible || translations.FlushPending != 0;
        Take(position, replacement);
        if (mayBeHeld)
        {
            _debt.AddPage(_firstPage + (uint)position);
        }

        return mayBeHeld;
    }

    /// <summary>Replaces an entry that is not present by another such entry, or by nothing.</summary>
    internal readonly void Replace(int position, Pte pte)
    {
        Debug.Assert(!_table.Get(Leaf, position).IsPresent && !pte.IsPresent, "Neither can be cached.");
        _table.Set(Leaf, position, pte);
    }

    /// <summary>Maps all of a leaf of which nothing is mapped, or which has a marker, as a whole.</summary>
    internal readonly void InstallWhole(Pte entry)
    {
        Debug.Assert(Kind != LeafKind.Huge || !Whole.IsPresent, "A present entry is taken first.");
        _table.SetWhole(Leaf, entry.ForWholeLeaf());
    }

    /// <summary>Gives a huge mapping more rights, or notes a use.</summary>
    internal readonly void LoosenWhole(Pte entry)
    {
        Debug.Assert(entry.IsAtLeast(Whole), "An entry that loses something is tightened.");
        _table.SetWhole(Leaf, entry);
    }

    /// <summary>Gives a huge mapping of the same frame fewer rights, or forgets that it was used.</summary>
    internal void TightenWhole(Pte entry)
    {
        if (Whole.LosesTo(entry))
        {
            _debt.AddHuge(_firstPage);
        }

        _table.SetWhole(Leaf, entry);
    }

    /// <summary>Changes the rights of a huge mapping as mprotect does.</summary>
    internal void ReprotectWhole(Pte entry)
    {
        if (Whole.ChangesRightsTo(entry))
        {
            _debt.AddHuge(_firstPage);
        }

        _table.SetWhole(Leaf, entry);
    }

    /// <summary>Takes a huge mapping away; its frames must not be let go before the debt is paid.</summary>
    internal void TakeWhole()
    {
        _debt.AddHuge(_firstPage);
        _table.ClearWhole(Leaf);
    }

    /// <summary>Puts a marker in the place of a huge mapping; <see cref="InstallWhole"/> replaces it.</summary>
    internal void MarkWhole()
    {
        _debt.AddHuge(_firstPage);
        _table.SetWhole(Leaf, Pte.Busy(Whole.Frame).ForWholeLeaf());
    }

    /// <summary>Makes 512 entries of a huge mapping, with what it says.</summary>
    internal void Split()
    {
        Splits++;
        _table.SplitWhole(Leaf);
    }

    /// <summary>Makes a leaf of which nothing has become yet a page table.</summary>
    internal readonly void MakeTable() => _table.MakeTable(Leaf);

    /// <summary>Makes an empty page table nothing again.</summary>
    internal readonly void ForgetTable() => _table.ForgetTable(Leaf);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly Pte Settle(int position)
    {
        SpinWait spinner = default;
        Pte pte;
        do
        {
            _table.Exit(Leaf);
            spinner.SpinOnce();
            _table.Enter(Leaf);
            pte = _table.Get(Leaf, position);
        }
        while (pte.IsBusy);

        return pte;
    }
}
