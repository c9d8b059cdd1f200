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
        ((word >> 40) & 0xFFF) == (ulong)((page * Layout.Slots) + slot) && ((word >> 52) == tag || (word >> 52) == otherTag);

    /// <summary>A word of a block in which few contents are written.</summary>
    internal static ulong ClassWord(int content) => (ulong)content * 0x0101010101010101;

    /// <summary>Whether a word is one of those.</summary>
    internal static bool IsClassWord(ulong word) => word == ClassWord(0) || word == ClassWord(1) || word == ClassWord(2);

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

    /// <summary>The owner begins to empty pages.</summary>
    internal void BeginZero(int first, int count, bool lazy)
    {
        foreach (ref PageRecord page in Pages.AsSpan(first, count))
        {
            if (lazy)
            {
                Volatile.Write(ref page.Lazy, 1);
            }

            Volatile.Write(ref page.ZeroBegun, page.ZeroBegun + 1);
        }

        // The marks come before the call, for whoever reads them after a read.
        Interlocked.MemoryBarrier();
    }

    /// <summary>The owner has emptied them.</summary>
    internal void EndZero(int first, int count, bool lazy)
    {
        foreach (ref PageRecord page in Pages.AsSpan(first, count))
        {
            if (!lazy)
            {
                Volatile.Write(ref page.HardDone, page.ZeroBegun);
                Volatile.Write(ref page.Lazy, 0);
            }

            Volatile.Write(ref page.ZeroDone, page.ZeroBegun);
        }
    }
}
