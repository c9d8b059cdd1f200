using System.Diagnostics;
using System.Threading;

namespace FastKsm.Swapping;

/// <summary>What groups have of swap, and what they may have.</summary>
/// <remarks>
/// v2 charges slots when they are allocated. In v1 the charge of a page goes over to its slot at eviction, and back at
/// swap-in, so that memory and swap together stay the same; the limit is on their sum, and met when pages are charged.
/// Thread safety: groups are added before any of their ids is used; charging may be done concurrently.
/// </remarks>
internal sealed class SwapGroups
{
    private readonly SwapGroup?[] _groups;

    /// <param name="scope">Which memory cgroups there are.</param>
    /// <param name="most">Largest id.</param>
    internal SwapGroups(GroupScope scope, int most)
    {
        Scope = scope;
        _groups = new SwapGroup?[scope == GroupScope.None ? 1 : most + 1];
    }

    /// <summary>Which memory cgroups there are.</summary>
    internal GroupScope Scope { get; }

    /// <summary>A group that has been added.</summary>
    internal SwapGroup this[ushort id] => _groups[id]!;

    /// <summary>Adds a group; its parent has been added before.</summary>
    /// <returns>False when the id is 0, too large or taken, or the parent is not known.</returns>
    internal bool TryAdd(ushort id, SwapGroup group)
    {
        bool fits = id != 0 && id < _groups.Length && _groups[id] is null && (group.Parent == 0 || Knows(group.Parent));
        if (fits)
        {
            _groups[id] = group;
        }

        return fits;
    }

    /// <summary>Whether an id is 0 or a group's.</summary>
    internal bool Knows(ushort id) => id == 0 || (id < _groups.Length && _groups[id] is not null);

    /// <summary>Whether a group may use devices of a tier: it and every group above it may.</summary>
    internal bool MayUse(ushort id, int tier)
    {
        for (; id != 0; id = this[id].Parent)
        {
            if ((this[id].Tiers & (1 << tier)) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>v2: charges slots to a group and to all above it.</summary>
    /// <returns>False when a limit forbids it; nothing but the events has changed.</returns>
    internal bool TryCharge(ushort id, int slots)
    {
        Debug.Assert(Scope == GroupScope.V2, "v1 charges pages, which become slots.");
        for (ushort at = id; at != 0; at = this[at].Parent)
        {
            if (Interlocked.Add(ref this[at].Swap, slots) > this[at].SwapLimit)
            {
                _ = Interlocked.Increment(ref this[at].MaxEvents);
                _ = Interlocked.Add(ref this[at].Swap, -slots);
                Uncharge(id, slots, end: at);
                Fail(id);
                return false;
            }
        }

        return true;
    }

    /// <summary>Charges slots whatever the limits say.</summary>
    internal void Charge(ushort id, int slots)
    {
        for (; id != 0; id = this[id].Parent)
        {
            _ = Interlocked.Add(ref this[id].Swap, slots);
        }
    }

    /// <summary>v2: an allocation for a group has failed.</summary>
    internal void Fail(ushort id)
    {
        for (; id != 0; id = this[id].Parent)
        {
            _ = Interlocked.Increment(ref this[id].FailEvents);
        }
    }

    /// <summary>v1: charges pages in memory.</summary>
    /// <returns>False when a limit of memory, or of memory and swap, forbids it; nothing has changed.</returns>
    internal bool TryChargePages(ushort id, int pages)
    {
        for (ushort at = id; at != 0; at = this[at].Parent)
        {
            SwapGroup group = this[at];
            long memory = Interlocked.Add(ref group.Memory, pages);
            if (memory > group.MemoryLimit || memory + Volatile.Read(ref group.Swap) > group.SwapLimit)
            {
                for (ushort undo = id; ; undo = this[undo].Parent)
                {
                    _ = Interlocked.Add(ref this[undo].Memory, -pages);
                    if (undo == at)
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    /// <summary>v1: slots take over the charge of evicted pages.</summary>
    internal void MoveToSwap(ushort id, int pages) => Move(id, pages);

    /// <summary>v1: pages take the charge back from their slots.</summary>
    internal void MoveToMemory(ushort id, int pages) => Move(id, -pages);

    /// <summary>Slots of a group have become free.</summary>
    internal void Uncharge(ushort id, int slots) => Uncharge(id, slots, end: 0);

    /// <summary>v2: whether a group, or one above it, has used half of what it may, so that slots are not kept for
    /// pages in memory.</summary>
    internal bool IsHalfUsed(ushort id)
    {
        for (; id != 0; id = this[id].Parent)
        {
            SwapGroup group = this[id];
            long twice = Volatile.Read(ref group.Swap) * 2;
            if (Scope == GroupScope.V2 && (twice >= group.SwapHigh || twice >= group.SwapLimit))
            {
                return true;
            }
        }

        return false;
    }

    private void Move(ushort id, int pages)
    {
        Debug.Assert(Scope == GroupScope.V1, "In v2 a page and its slot are charged each for itself.");
        for (; id != 0; id = this[id].Parent)
        {
            _ = Interlocked.Add(ref this[id].Swap, pages);
            _ = Interlocked.Add(ref this[id].Memory, -pages);
        }
    }

    private void Uncharge(ushort id, int slots, ushort end)
    {
        for (; id != end; id = this[id].Parent)
        {
            long left = Interlocked.Add(ref this[id].Swap, -slots);
            Debug.Assert(left >= 0, "More slots uncharged than charged.");
        }
    }
}
