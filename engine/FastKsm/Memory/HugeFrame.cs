using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <summary>512 frames that are one huge page: what their records say together.</summary>
/// <remarks>
/// References and pins stand in the first record. The other records have no references, so that a look-up by a frame's number
/// gets none, and no pins of their own: what stands in the place of pins is, in the second one, the mappings of the whole, in the
/// third one the sum of the map counts of all records, and in the next ones who maps it.
///
/// Whether only one address space maps it is known as Linux knows it since 6.15, where two at most are kept apart: one
/// that comes while both places are taken is never told from a sharer, not even when it is the last, until all its
/// mappings are gone. What nobody shares for sure may be written in place.
/// Thread safety: references and map counts change atomically, each for itself; the other numbers, under a latch of their own,
/// which is held for a few instructions and inside which nothing else is taken.
/// </remarks>
internal readonly ref struct HugeFrame
{
    private const int Whole = 1;
    private const int Single = 2;
    private const int Latch = 3;
    private const int Shared = 4;
    private const int FirstOwner = 5;
    private const int SecondOwner = 7;

    private readonly Span<FrameRecord> _records;

    internal HugeFrame(Span<FrameRecord> records)
    {
        Debug.Assert(records.Length == Sizes.HugePages, "A huge page has all of its frames.");
        _records = records;
    }

    /// <summary>Record of one of the frames.</summary>
    internal ref FrameRecord this[int frame] => ref _records[frame];

    /// <summary>
    /// The record that has the references and the pins, and tells whether the whole is exclusive while mapped as one.
    /// </summary>
    internal ref FrameRecord Head => ref _records[0];

    /// <summary>Huge mappings.</summary>
    internal int WholeMappings => Volatile.Read(ref Number(Whole));

    /// <summary>PTEs that map one of the frames.</summary>
    internal int SingleMappings => Volatile.Read(ref Number(Single));

    /// <summary>References that are not mappings: borrowers and pins.</summary>
    internal int OtherReferences => Head.References - WholeMappings - SingleMappings;

    /// <summary>
    /// Whether one address space has more than one mapping of it, nobody else has any, and no other reference is there.
    /// </summary>
    internal bool IsMappedByOne
    {
        get
        {
            Enter();
            bool one = Number(Shared) == 0 && Mappings > 1 && Mappings == Head.References;
            Exit();
            return one;
        }
    }

    /// <summary>
    /// Whether one address space alone maps it, as far as Linux can tell (<c>folio_maybe_mapped_shared</c>).
    /// </summary>
    internal bool IsOfOneSpace
    {
        get
        {
            Enter();
            bool one = Number(Shared) == 0;
            Exit();
            return one;
        }
    }

    private int Mappings => WholeMappings + SingleMappings;

    /// <summary>One huge mapping more; its reference is counted apart.</summary>
    /// <param name="owner">Id of the address space.</param>
    internal void AddWholeMapping(uint owner) => Add(Whole, 1, owner);

    /// <summary>One huge mapping less.</summary>
    /// <param name="owner">Id of the address space.</param>
    internal void DropWholeMapping(uint owner) => Drop(Whole, owner);

    /// <summary>One PTE more; the map count of its frame is counted apart.</summary>
    /// <param name="owner">Id of the address space.</param>
    internal void AddSingleMapping(uint owner) => Add(Single, 1, owner);

    /// <summary>One PTE less.</summary>
    /// <param name="owner">Id of the address space.</param>
    internal void DropSingleMapping(uint owner) => Drop(Single, owner);

    /// <summary>The one huge mapping of somebody becomes 512 PTEs: their map counts and references.</summary>
    /// <param name="owner">Id of the address space.</param>
    /// <param name="exclusive">Whether the pages are his alone.</param>
    internal void MapSingly(uint owner, bool exclusive)
    {
        foreach (ref FrameRecord record in _records)
        {
            record.AddMapping();
            if (exclusive)
            {
                record.Set(FrameFlags.Exclusive);
            }
        }

        Head.AddReferences(Sizes.HugePages - 1);
        Add(Single, Sizes.HugePages, owner);
        Drop(Whole, owner);
    }

    /// <summary>
    /// Keeps everybody from getting a reference, if nobody has one but mappings and the caller. Ended by <see
    /// cref="Dissolve"/>.
    /// </summary>
    /// <remarks>The caller sees to it that no mapping comes or goes.</remarks>
    internal bool TryFreeze() => Head.TryFreeze(Mappings + 1);

    /// <summary>Makes 512 frames of one, which is frozen: each gets its own references.</summary>
    /// <param name="held">The frame to which the caller has a reference.</param>
    /// <param name="each">References to every frame that he has from then on.</param>
    internal void Dissolve(int held, int each)
    {
        Debug.Assert(WholeMappings == 0 && Head.References == 0 && Head.Pins == 0, "Somebody else could reach the frames.");
        ForgetNumbers();
        for (int i = 0; i < _records.Length; i++)
        {
            _records[i].BecomeSingle(_records[i].MapCount + each + (i == held ? 1 : 0));
        }
    }

    /// <summary>The frames are about to be 512 single ones, used or free.</summary>
    internal void ForgetNumbers()
    {
        for (int record = Whole; record <= SecondOwner + 1; record++)
        {
            Number(record) = 0;
        }
    }

    private void Add(int kind, int count, uint owner)
    {
        Enter();
        Number(kind) += count;
        if (Number(FirstOwner) == (int)owner)
        {
            Number(FirstOwner + 1) += count;
        }
        else if (Number(SecondOwner) == (int)owner)
        {
            Number(SecondOwner + 1) += count;
        }
        else if (Number(FirstOwner) == 0)
        {
            // There may be mappings of somebody for whom no place was free.
            (Number(FirstOwner), Number(FirstOwner + 1)) = ((int)owner, count);
            Number(Shared) |= Mappings != count ? 1 : 0;
        }
        else if (Number(SecondOwner) == 0)
        {
            (Number(SecondOwner), Number(SecondOwner + 1)) = ((int)owner, count);
            Number(Shared) = 1;
        }

        Exit();
    }

    private void Drop(int kind, uint owner)
    {
        Enter();
        int left = --Number(kind);
        Debug.Assert(left >= 0, "A huge page, or a frame of one, was unmapped more often than mapped.");
        int place = Number(FirstOwner) == (int)owner ? FirstOwner : Number(SecondOwner) == (int)owner ? SecondOwner : 0;

        // Mappings from a time when no place was free were never counted here, so the last that was may not be his last.
        if (place == 0 || --Number(place + 1) <= 0)
        {
            if (place != 0)
            {
                (Number(place), Number(place + 1)) = (0, 0);
            }

            if (Number(FirstOwner + 1) == Mappings || Number(SecondOwner + 1) == Mappings)
            {
                Number(Shared) = 0;
            }
        }

        Exit();
    }

    private ref int Number(int record) => ref _records[record].Number;

    private void Enter() => SpinLatch.Enter(ref Number(Latch), LockRank.HugeSharers);

    private void Exit() => SpinLatch.Exit(ref Number(Latch), LockRank.HugeSharers);
}
