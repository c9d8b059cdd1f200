using System.Diagnostics;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>The address spaces of a machine by id, as far as they have not exited.</summary>
/// <remarks>
/// Open addressing with linear probing; removal moves later entries back, so that no gaps are left over and nothing is allocated
/// but by growth. Thread safety: all members may be called concurrently. Look-ups take no lock: a version that is odd while an
/// entry changes tells them to look again. That they meet changes is rare: fork, exec and exit make them.
/// </remarks>
internal sealed class SpaceTable
{
    private const int SmallestSize = 16;

    private readonly RankedLock _gate = new(LockRank.Spaces);
    private Entry[] _entries = new Entry[SmallestSize];
    private int _count;
    private uint _version;

    /// <summary>Enters an address space.</summary>
    /// <param name="id">Its id, which is not in the table; at least one.</param>
    /// <param name="space">The address space.</param>
    internal void Add(uint id, AddressSpace space)
    {
        Debug.Assert(id != 0, "Ids are at least one.");
        using (_gate.Hold())
        {
            BeginChange();
            if (_count + 1 > _entries.Length / 2)
            {
                Grow();
            }

            Put(_entries, new Entry { Id = id, Space = space });
            _count++;
            EndChange();
        }
    }

    /// <summary>Takes an address space out; nothing happens if it is not there.</summary>
    /// <param name="id">Its id.</param>
    internal void Remove(uint id)
    {
        using (_gate.Hold())
        {
            Entry[] entries = _entries;
            int mask = entries.Length - 1;
            int gap = HomeOf(id, mask);
            while (entries[gap].Id != id)
            {
                if (entries[gap].Id == 0)
                {
                    return;
                }

                gap = (gap + 1) & mask;
            }

            BeginChange();
            for (int next = (gap + 1) & mask; entries[next].Id != 0; next = (next + 1) & mask)
            {
                // An entry may move back to the gap unless its home lies behind the gap.
                int home = HomeOf(entries[next].Id, mask);
                if (((next - home) & mask) >= ((next - gap) & mask))
                {
                    entries[gap] = entries[next];
                    gap = next;
                }
            }

            entries[gap] = default;
            _count--;
            EndChange();
        }
    }

    /// <summary>Finds an address space.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>The address space; null when it is not there, or has exited.</returns>
    internal AddressSpace? Find(uint id)
    {
        SpinWait spinner = default;
        for (; ; )
        {
            uint before = Volatile.Read(ref _version);
            AddressSpace? found = Look(Volatile.Read(ref _entries), id);

            // The entries were read with acquire semantics, so before the second read of the version.
            if ((before & 1) == 0 && Volatile.Read(ref _version) == before)
            {
                return found;
            }

            spinner.SpinOnce();
        }
    }

    // Ends at an empty entry, or when it has seen all: a change under way may show it any mixture of old and new.
    private static AddressSpace? Look(Entry[] entries, uint id)
    {
        int mask = entries.Length - 1;
        for (int i = 0, at = HomeOf(id, mask); i <= mask; i++, at = (at + 1) & mask)
        {
            uint found = Volatile.Read(ref entries[at].Id);
            if (found == id || found == 0)
            {
                return found == 0 ? null : Volatile.Read(ref entries[at].Space);
            }
        }

        return null;
    }

    // Ids are given out in order, so that neighbours get homes of their own.
    private static int HomeOf(uint id, int mask) => (int)id & mask;

    private static void Put(Entry[] entries, Entry entry)
    {
        int mask = entries.Length - 1;
        int at = HomeOf(entry.Id, mask);
        while (entries[at].Id != 0)
        {
            Debug.Assert(entries[at].Id != entry.Id, "An id stands once in the table.");
            at = (at + 1) & mask;
        }

        entries[at] = entry;
    }

    private void Grow()
    {
        Entry[] grown = new Entry[_entries.Length * 2];
        foreach (Entry entry in _entries)
        {
            if (entry.Id != 0)
            {
                Put(grown, entry);
            }
        }

        Volatile.Write(ref _entries, grown);
    }

    // A full fence: the odd version shows before the first entry changes.
    private void BeginChange() => Interlocked.Increment(ref _version);

    private void EndChange() => Volatile.Write(ref _version, _version + 1);

    private struct Entry
    {
        internal uint Id;
        internal AddressSpace? Space;
    }
}
