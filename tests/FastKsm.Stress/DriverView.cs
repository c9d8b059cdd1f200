using System;
using System.Threading;

namespace FastKsm.Stress;

/// <summary>
/// What one thread knows of an address space that it runs: every word of its own slots, and how far it has seen the
/// others'.
/// </summary>
internal sealed class DriverView
{
    /// <summary>What all threads know.</summary>
    internal required ModelSpace Space { get; init; }

    /// <summary>Number of the thread in the process.</summary>
    internal int Thread { get; set; }

    /// <summary>The words of its own slots.</summary>
    internal ulong[] Words { get; } = new ulong[Layout.Pages * Layout.Slots * Layout.Words];

    /// <summary>What else it knows of its own slots.</summary>
    internal OwnSlot[] Own { get; } = new OwnSlot[Layout.Pages * Layout.Slots];

    /// <summary>Latest stamp that it has seen in others' slots.</summary>
    internal long[] Seen { get; } = new long[Layout.Pages * Layout.Slots];

    /// <summary>Tags of the processes that may have written unknown words.</summary>
    internal (uint First, uint Second) UnknownTags { get; set; }

    /// <summary>Whether the thread writes a slot.</summary>
    internal bool Owns(int slot) => slot % Space.Threads == Thread;

    /// <summary>Whether the thread moves, protects and empties a block.</summary>
    internal bool OwnsBlock(int block) => block % Space.Threads == Thread;

    /// <summary>
    /// Before the fork: what the child sees at least. The child has one thread, which owns all.
    /// </summary>
    /// <param name="child">The child's.</param>
    internal void BeginFork(DriverView child)
    {
        ModelSpace from = Space;
        child.Space.OriginTag = from.Tag;
        child.UnknownTags = Space.Threads == 1 ? UnknownTags : (from.Tag, from.OriginTag);
        from.Blocks.CopyTo(child.Space.Blocks, 0);
        from.Pages.CopyTo(child.Space.Pages, 0);
        for (int page = 0; page < Layout.Pages; page++)
        {
            for (int slot = 0; slot < Layout.Slots; slot++)
            {
                int index = (page * Layout.Slots) + slot;
                if (Owns(slot))
                {
                    Words.AsSpan(index * Layout.Words, Layout.Words).CopyTo(child.Words.AsSpan(index * Layout.Words));
                    child.Own[index] = Own[index];
                }
                else
                {
                    TakeOther(child, index);
                }
            }
        }
    }

    /// <summary>After the fork: what the child sees at most, and where the parent was changing meanwhile.</summary>
    /// <returns>
    /// Blocks that were being changed: what the child has there is unknown, and has to be mapped anew.
    /// </returns>
    internal uint EndFork(DriverView child)
    {
        Interlocked.MemoryBarrier();
        uint unsettled = 0;
        for (int block = 0; block < Layout.Blocks.Length; block++)
        {
            int before = child.Space.Blocks[block].Change;
            bool changed = (before & 1) != 0 || Volatile.Read(ref Space.Blocks[block].Change) != before;
            unsettled |= changed ? 1u << block : 0;
            child.Space.Blocks[block].Change = 0;
        }

        for (int page = 0; page < Layout.Pages; page++)
        {
            EndFork(child, page);
        }

        return unsettled;
    }

    /// <summary>A process that one thread has known everything of is run by several from here on.</summary>
    internal void ShareAmong(int threads)
    {
        Space.Threads = threads;
        for (int index = 0; index < Own.Length; index++)
        {
            Space.Slots[index] = new SlotRecord
            {
                Begun = Own[index].Stamp,
                Done = Own[index].Stamp,
                Value = Words[index * Layout.Words],
            };
        }
    }

    /// <summary>The view of one of them.</summary>
    internal DriverView ForThread(int thread)
    {
        DriverView view = new() { Space = Space, Thread = thread };
        Words.CopyTo(view.Words, 0);
        Own.CopyTo(view.Own, 0);
        return view;
    }

    private void TakeOther(DriverView child, int index)
    {
        ref SlotRecord record = ref Space.Slots[index];
        long done = Volatile.Read(ref record.Done);
        (ulong value, int zeroAt) = (record.Value, record.ZeroAt);
        ref OwnSlot own = ref child.Own[index];
        own = new OwnSlot { Unknown = 0xFF, Least = done, ZeroAt = zeroAt };
        if (Volatile.Read(ref record.Begun) == done)
        {
            child.Words[index * Layout.Words] = value;
        }
        else
        {
            // A write is under way, which may yet be refused: then the stamps look as if there had been none.
            own.ZeroAt = -1;
            own.Stamp = -1;
        }
    }

    private void EndFork(DriverView child, int page)
    {
        ref PageRecord now = ref Space.Pages[page];
        ref PageRecord copy = ref child.Space.Pages[page];
        int begun = Volatile.Read(ref now.ZeroBegun);
        bool lazy = copy.Lazy != 0 || Volatile.Read(ref now.Lazy) != 0 || begun != copy.ZeroDone;
        copy = new PageRecord { Lazy = lazy ? 1 : 0 };
        for (int slot = 0; slot < Layout.Slots; slot++)
        {
            int index = (page * Layout.Slots) + slot;
            ref OwnSlot own = ref child.Own[index];
            bool maybeZero = own.ZeroAt != begun || lazy;
            long most = own.Stamp;
            if (!Owns(slot))
            {
                most = Volatile.Read(ref Space.Slots[index].Begun);
                if (most == own.Least && own.Stamp == 0)
                {
                    // No thread wrote: the first word is known.
                    own.Unknown = 0xFE;
                }
            }

            own.MaybeZero = maybeZero ? (byte)0xFF : own.MaybeZero;
            own.Most = long.Max(own.Most, most);
            own.Stamp = own.Most;
            own.ZeroAt = 0;
            own.WrittenAt = 0;
            child.Seen[index] = 0;
            child.Space.Slots[index] = new SlotRecord { Begun = own.Stamp, Done = own.Stamp, Value = 0, ZeroAt = -1 };
        }
    }
}
