using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.ReverseMapping;

/// <summary>The locks of all families of anon_vmas: range locks, which walks hold, and structure latches.</summary>
/// <remarks>
/// <para>
/// A family, all anon_vmas with one root, shares its locks, as in Linux: a VMA's chain lies in one family, and a page has
/// the same index in every index of it. So whoever re-keys a VMA takes the locks of one family however long the chain is.
/// </para>
/// <para>
/// A <em>range lock</em> keeps VMAs where they are: whoever holds the one of an index p, shared, knows that no VMA whose
/// interval contains p comes, goes or changes its interval. A family of up to 16 intervals has one; a larger one has 64,
/// each for every 64th run of 512 indexes (a page-table leaf), and whoever changes an interval takes, alone, those of all
/// runs that the old or the new one touches. A walk holds one of the 64, so a writer elsewhere passes it.
/// </para>
/// <para>
/// The <em>structure latch</em> guards the trees themselves, and the fields of VMAs that stand in them. Writers take it
/// alone for the time of a change; unpruned walks of a striped family take it shared for one batch of intervals at a time,
/// pruned ones see by its generation whether a writer has been there. Without stripes the range lock serves for both.
/// </para>
/// <para>
/// Order: range locks of one family, by rising number; then its structure latch; then the table's latch. Nobody ever holds
/// locks of two families: every operation on VMAs concerns one chain, or chains of one family (a merge adopts a chain or
/// meets its own), and operations that touch several VMAs (unmap, move) lock them one after the other. With one family the
/// rising numbers exclude a cycle among range locks; locks of different families may coincide, which is no cycle either,
/// because the structure latch, which all take last, is held while waiting for nothing but spin latches.
/// </para>
/// <para>
/// A family becomes striped while its one lock is held alone: whoever waited for that lock finds the family striped when it
/// gets it, lets go and asks again.
/// </para>
/// Thread safety: that is its job.
/// </remarks>
internal sealed class FamilyLocks
{
    /// <summary>Stripes of a family.</summary>
    internal const int Stripes = 64;

    /// <summary>Binary logarithm of the run of page indexes that one stripe guards in one piece: those of a page-table leaf.</summary>
    internal const int RunShift = 9;

    private const int Groups = 16;
    private const int Structures = 128;

    private readonly LatchStripes _ranges = new(Groups * Stripes, LockRank.AnonVmaRange);
    private readonly LatchStripes _structures = new(Structures, LockRank.AnonVmaStructure);

    /// <summary>The structure latch of a family.</summary>
    internal ReaderWriterLatch Structure(uint root) => _structures.Of(root);

    /// <summary>The range lock of an index.</summary>
    internal ReaderWriterLatch Range(uint root, ulong index, bool isStriped) => _ranges[
        isStriped ? GroupOf(root) + (int)((index >> RunShift) % Stripes) : SoleOf(root)];

    /// <summary>Takes alone every range lock that a run of indexes touches. Whether the family is striped still is the caller's to check.</summary>
    internal FamilyHold EnterRanges(uint root, ulong first, ulong last, bool isStriped)
    {
        Debug.Assert(first <= last, "An interval is not empty.");
        FamilyHold hold = new(root, SoleOf(root), 1, IsStriped: false);
        if (isStriped)
        {
            ulong runs = (last >> RunShift) - (first >> RunShift) + 1;
            int count = runs >= Stripes ? Stripes : (int)runs;
            hold = new FamilyHold(root, count == Stripes ? 0 : (int)((first >> RunShift) % Stripes), count, IsStriped: true);
        }

        ForEach(hold, enter: true);
        return hold;
    }

    /// <summary>Gives <see cref="EnterRanges"/> back.</summary>
    internal void ExitRanges(in FamilyHold hold) => ForEach(hold, enter: false);

    private void ForEach(in FamilyHold hold, bool enter)
    {
        if (!hold.IsStriped)
        {
            Apply(hold.First, enter);
            return;
        }

        // By rising number: where the run wraps around, what lies at the front of the group comes first.
        int group = GroupOf(hold.Root);
        int wrapped = hold.First + hold.Count - Stripes;
        for (int stripe = 0; stripe < wrapped; stripe++)
        {
            Apply(group + stripe, enter);
        }

        for (int stripe = hold.First; stripe < Stripes && stripe < hold.First + hold.Count; stripe++)
        {
            Apply(group + stripe, enter);
        }
    }

    private void Apply(int number, bool enter)
    {
        if (enter)
        {
            _ranges[number].EnterWrite();
        }
        else
        {
            _ranges[number].ExitWrite();
        }
    }

    private static int GroupOf(uint root) => (int)(LatchStripes.Spread(root) % Groups) * Stripes;

    private static int SoleOf(uint root) => (int)(LatchStripes.Spread(root) % (Groups * Stripes));
}
