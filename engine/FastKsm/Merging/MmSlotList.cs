using System.Collections.Generic;
using System.Diagnostics;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.Merging;

/// <summary>
/// The registered address spaces in the order in which they are scanned, and the scanner's place among them.
/// </summary>
/// <remarks>
/// A circular list with a head; the cursor is at a slot, or at the head between two full scans. Thread safety: all members
/// may be called concurrently; only the scanner moves the cursor. The list's lock lies inside the mm lock and holds nothing.
/// </remarks>
internal sealed class MmSlotList
{
    private readonly RankedLock _gate = new(LockRank.MmList);
    private readonly NativeSlab<DirectoryNode> _nodes;
    private readonly Dictionary<uint, MmSlot> _byId = [];
    private readonly Stack<MmSlot> _spare = [];
    private readonly MmSlot _head;
    private MmSlot _cursor;

    internal MmSlotList(NativeSlab<DirectoryNode> nodes)
    {
        _nodes = nodes;
        _head = new MmSlot(nodes);
        _cursor = _head;
    }

    /// <summary>Whether no address space is registered.</summary>
    internal bool IsEmpty
    {
        get
        {
            using (_gate.Hold())
            {
                return _byId.Count == 0;
            }
        }
    }

    /// <summary>Slot under the cursor; null between two full scans. For the scanner.</summary>
    internal MmSlot? Cursor => _cursor == _head ? null : _cursor;

    /// <summary>
    /// Registers an address space: just before the cursor, so that the scan under way does not meet it; at the end if
    /// asked.
    /// </summary>
    internal void Register(AddressSpace space, bool atEnd)
    {
        space.AddHold();
        using (_gate.Hold())
        {
            MmSlot slot = _spare.TryPop(out MmSlot? spare) ? spare : new MmSlot(_nodes);
            slot.Serve(space);
            _byId.Add(space.Id, slot);
            slot.InsertBefore(atEnd ? _head : _cursor);
        }
    }

    /// <summary>
    /// An address space is going away: its items are next to be freed, or there are none and it leaves at once.
    /// </summary>
    internal void Exit(AddressSpace space)
    {
        using (_gate.Hold())
        {
            if (!_byId.TryGetValue(space.Id, out MmSlot? slot) || slot == _cursor)
            {
                return;
            }

            slot.Leave();
            if (slot.Count != 0)
            {
                slot.InsertBefore(_cursor.Next);
                return;
            }

            Forget(slot);
        }

        // The users' hold is there still, for the last user is leaving.
        space.DropHold();
    }

    /// <summary>Slot of an address space; null when it is not registered.</summary>
    internal MmSlot? Find(uint id)
    {
        using (_gate.Hold())
        {
            return _byId.GetValueOrDefault(id);
        }
    }

    /// <summary>Puts the cursor at the first slot.</summary>
    /// <returns>The slot; null when there is none.</returns>
    internal MmSlot? Start()
    {
        using (_gate.Hold())
        {
            _cursor = _head.Next;
            return Cursor;
        }
    }

    /// <summary>Puts the cursor between two full scans.</summary>
    internal void Reset()
    {
        using (_gate.Hold())
        {
            _cursor = _head;
        }
    }

    /// <summary>
    /// The slot behind another one, or the first, with a hold of its address space: it stays a slot's, though the slot may leave
    /// the list.
    /// </summary>
    /// <param name="slot">The slot under the cursor, or one that this has returned; null for the first.</param>
    /// <param name="space">Id of its address space at that time.</param>
    /// <param name="held">Its address space, to be let go with no lock of it held.</param>
    /// <returns>The slot; null behind the last one, and where the way on has been lost.</returns>
    internal MmSlot? NextHeld(MmSlot? slot, uint space, out AddressSpace? held)
    {
        held = null;
        using (_gate.Hold())
        {
            if (slot is not null && _byId.GetValueOrDefault(space) != slot)
            {
                return null;
            }

            MmSlot? next = After(slot);
            held = next?.Space;
            held?.AddHold();
            return next;
        }
    }

    /// <summary>Moves the cursor to the next slot, under the mm lock of the one that it leaves.</summary>
    /// <param name="unregister">
    /// Whether the slot it leaves leaves the list, too; it has no items. Then the caller ends the list's hold of the address space, when
    /// it has given the mm lock back.
    /// </param>
    /// <returns>The slot; null behind the last one.</returns>
    internal MmSlot? Advance(bool unregister)
    {
        using (_gate.Hold())
        {
            MmSlot left = _cursor;
            _cursor = left.Next;
            if (unregister)
            {
                Debug.Assert(left.Count == 0, "Items were freed before.");
                left.Leave();
                Forget(left);
            }

            return Cursor;
        }
    }

    private void Forget(MmSlot slot)
    {
        _ = _byId.Remove(slot.SpaceId);
        slot.Space.IsRegistered = false;
        _spare.Push(slot);
    }

    /// <summary>Slot after another; null behind the last one. For checks at rest.</summary>
    internal MmSlot? After(MmSlot? slot)
    {
        MmSlot next = (slot ?? _head).Next;
        return next == _head ? null : next;
    }
}
