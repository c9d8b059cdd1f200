using System;
using System.Threading;

namespace FastKsm.Stress;

/// <summary>What is known of an address space, for all threads that run it.</summary>
internal sealed class ModelSpace
{
    /// <summary>The process.</summary>
    internal ModelProcess Process { get; set; }

    /// <summary>Threads that run it; a slot is the thread's whose number it has, modulo this.</summary>
    internal int Threads { get; set; } = 1;

    /// <summary>Stands in every word that is written to it.</summary>
    internal uint Tag { get; set; }

    /// <summary>The tag of the process that it was forked from.</summary>
    internal uint OriginTag { get; set; }

    /// <summary>
    /// A block that its owner is emptying at this moment, for the others to meet it there; -1 for none.
    /// </summary>
    internal int Emptying = -1;

    /// <summary>Where its blocks are.</summary>
    internal BlockState[] Blocks { get; } = new BlockState[Layout.Blocks.Length];

    /// <summary>Its pages.</summary>
    internal PageRecord[] Pages { get; } = new PageRecord[Layout.Pages];

    /// <summary>Its slots.</summary>
    internal SlotRecord[] Slots { get; } = new SlotRecord[Layout.Pages * Layout.Slots];

    /// <summary>A word of a block in which each is like no other.</summary>
    internal static ulong WordOf(uint tag, int page, int slot, long stamp) =>
        ((ulong)tag << 52) | ((ulong)((page * Layout.Slots) + slot) << 40) | (ulong)stamp;

    /// <summary>The stamp in a word.</summary>
    internal static long StampOf(ulong word) => (long)(word & ((1UL << 40) - 1));

    /// <summary>Whether a word belongs to a slot, and was written in a process of one of two tags.</summary>
    internal static bool BelongsTo(ulong word, int page, int slot, uint tag, uint otherTag) =>
        ((word >> 40) & 0xFFF) == (ulong)((page * Layout.Slots) + slot)
        && ((word >> 52) == tag || (word >> 52) == otherTag);

    /// <summary>A word of a block in which few contents are written.</summary>
    internal static ulong ClassWord(int content) => (ulong)content * 0x0101010101010101;

    /// <summary>Whether a word is one of those.</summary>
    internal static bool IsClassWord(ulong word) =>
        word == ClassWord(0) || word == ClassWord(1) || word == ClassWord(2);

    /// <summary>Whether a block permits an access.</summary>
    internal static bool Permits(Protection protection, bool writes) =>
        (protection & (writes ? Protection.Write : Protection.Read)) != Protection.None;

    /// <summary>The owner begins to change where a block is, or what it permits.</summary>
    internal void BeginChange(int block) => Volatile.Write(ref Blocks[block].Change, Blocks[block].Change + 1);

    /// <summary>The owner has changed it.</summary>
    internal void EndChange(int block, int place, Protection protection)
    {
        Blocks[block].Place = place;
        Blocks[block].Protection = protection;
        Volatile.Write(ref Blocks[block].Change, Blocks[block].Change + 1);
    }

    /// <summary>A thread begins to empty pages; several may at once.</summary>
    /// <param name="first">First of the pages.</param>
    /// <param name="numbers">Receives the numbers of the emptyings, one for each page.</param>
    /// <param name="lazy">Whether they are only offered.</param>
    internal void BeginZero(int first, Span<int> numbers, bool lazy)
    {
        // The marks come before the call, by a full fence, for threads that read them after a read.
        for (int i = 0; i < numbers.Length; i++)
        {
            ref PageRecord page = ref Pages[first + i];
            if (lazy)
            {
                Volatile.Write(ref page.Lazy, 1);
            }

            numbers[i] = Interlocked.Increment(ref page.ZeroBegun);
        }
    }

    /// <summary>It has emptied them.</summary>
    /// <param name="first">First of the pages.</param>
    /// <param name="numbers">What <see cref="BeginZero"/> has given.</param>
    /// <param name="isHard">Whether the pages are empty now; else they may be at any time, or it failed.</param>
    internal void EndZero(int first, ReadOnlySpan<int> numbers, bool isHard)
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            ref PageRecord page = ref Pages[first + i];
            if (isHard)
            {
                RaiseTo(ref page.HardDone, numbers[i]);
            }

            _ = Interlocked.Increment(ref page.ZeroDone);
        }
    }

    /// <summary>
    /// Pages that were offered are empty or written: they do not go any more. For their block's owner.
    /// </summary>
    internal void EndOffer(int first, int count)
    {
        foreach (ref PageRecord page in Pages.AsSpan(first, count))
        {
            Volatile.Write(ref page.Lazy, 0);
        }
    }

    private static void RaiseTo(ref int number, int least)
    {
        int seen = Volatile.Read(ref number);
        while (seen < least)
        {
            int found = Interlocked.CompareExchange(ref number, least, seen);
            seen = found == seen ? least : found;
        }
    }
}
