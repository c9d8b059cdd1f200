using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>From leaf numbers to leaf ids, for one address space: a radix tree of three levels.</summary>
/// <remarks>
/// Sparse: a leaf costs two nodes of its own at most. A node of leaves (1 GiB) is what Linux calls a PMD page. Thread safety: look-ups and additions may be done concurrently;
/// removals only under the mm lock held alone, between <see cref="BeginRemoval"/> and <see cref="EndRemoval"/>. Who looks up
/// without the mm lock either keeps removals out (<see cref="Enter"/>) or finds out about them (<see cref="TryFind"/>).
/// </remarks>
internal sealed class PageDirectory
{
    private const int Levels = 3;

    /// <summary>One past the largest leaf number.</summary>
    internal const ulong Limit = 1UL << (Levels * DirectoryNode.Shift);

    private readonly NativeSlab<DirectoryNode> _nodes;
    private uint _root;
    private int _latch;

    // Odd while something is being removed.
    private uint _version;

    internal PageDirectory(NativeSlab<DirectoryNode> nodes) => _nodes = nodes;

    /// <summary>Keeps leaves from going, for those who look up without the mm lock. A spin latch, outside of a leaf's.</summary>
    internal void Enter() => SpinLatch.Enter(ref _latch, LockRank.PageDirectory);

    /// <summary>Gives <see cref="Enter"/> back.</summary>
    internal void Exit() => SpinLatch.Exit(ref _latch, LockRank.PageDirectory);

    /// <summary>Keeps look-ups without the mm lock out, or lets them know.</summary>
    internal void BeginRemoval()
    {
        Enter();
        _ = Interlocked.Increment(ref _version);
    }

    /// <summary>Gives <see cref="BeginRemoval"/> back.</summary>
    internal void EndRemoval()
    {
        Volatile.Write(ref _version, _version + 1);
        Exit();
    }

    /// <summary>Looks a leaf up without the mm lock and without a latch.</summary>
    /// <param name="leafNumber">Its number.</param>
    /// <param name="leaf">Its id; 0 for none.</param>
    /// <param name="version">For <see cref="IsAt"/>.</param>
    /// <returns>False when something is being removed; nothing is known then.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryFind(ulong leafNumber, out uint leaf, out uint version)
    {
        Debug.Assert(leafNumber < Limit, "Leaf number outside the directory.");
        version = Volatile.Read(ref _version);
        leaf = Volatile.Read(ref _root);
        bool isStill = (version & 1) == 0;
        for (int level = Levels - 1; level >= 0 && leaf != 0 && isStill; level--)
        {
            // A node that has gone may name anything, so what it names is followed only if nothing had gone by then.
            leaf = Volatile.Read(ref Slot(leaf, leafNumber, level));
            isStill = IsAt(version);
        }

        return isStill;
    }

    /// <summary>Whether nothing has been removed since <see cref="TryFind"/>.</summary>
    internal bool IsAt(uint version) => Volatile.Read(ref _version) == version;

    /// <summary>Leaf with this number; 0 for none.</summary>
    internal uint Find(ulong leafNumber)
    {
        Debug.Assert(leafNumber < Limit, "Leaf number outside the directory.");
        uint id = Volatile.Read(ref _root);
        for (int level = Levels - 1; level >= 0 && id != 0; level--)
        {
            id = Volatile.Read(ref Slot(id, leafNumber, level));
        }

        return id;
    }

    /// <summary>First leaf with a number in a range.</summary>
    /// <param name="leafNumber">Where to begin; on return, the number of the leaf found.</param>
    /// <param name="last">Last number of the range.</param>
    /// <returns>Its id; 0 for none.</returns>
    internal uint FindNext(ref ulong leafNumber, ulong last)
    {
        while (leafNumber <= last)
        {
            uint id = Volatile.Read(ref _root);
            int level = Levels - 1;
            for (; level >= 0 && id != 0; level--)
            {
                id = Volatile.Read(ref Slot(id, leafNumber, level));
            }

            if (id != 0)
            {
                return id;
            }

            // Empty at this level: go on with the first number that another slot of it covers.
            int shift = (level + 1) * DirectoryNode.Shift;
            leafNumber = ((leafNumber >> shift) + 1) << shift;
        }

        return 0;
    }

    /// <summary>Enters a leaf unless another thread has entered one meanwhile.</summary>
    /// <param name="leafNumber">Its number.</param>
    /// <param name="leaf">Its id.</param>
    /// <param name="present">Id of the leaf that now has the number.</param>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    internal bool TryAdd(ulong leafNumber, uint leaf, out uint present)
    {
        Debug.Assert(leafNumber < Limit, "Leaf number outside the directory.");
        present = 0;
        if (!_nodes.TryPromise(Levels))
        {
            return false;
        }

        uint promised = Levels;
        SpinLatch.Enter(ref _latch, LockRank.PageDirectory);
        ref uint slot = ref _root;
        for (int level = Levels - 1; level >= 0; level--)
        {
            if (slot == 0)
            {
                promised--;
                Volatile.Write(ref slot, _nodes.TakePromised());
            }

            slot = ref Slot(slot, leafNumber, level);
        }

        if (slot == 0)
        {
            Volatile.Write(ref slot, leaf);
        }

        present = slot;
        SpinLatch.Exit(ref _latch, LockRank.PageDirectory);
        _nodes.CancelPromise(promised);
        return true;
    }

    /// <summary>First node of leaves for numbers of a range, whether or not it has any.</summary>
    /// <param name="leafNumber">Where to begin; on return, the first number that both the node and the range hold.</param>
    /// <param name="last">Last number of the range.</param>
    /// <returns>False when there is none.</returns>
    internal bool TryFindNextNode(ref ulong leafNumber, ulong last)
    {
        while (leafNumber <= last)
        {
            uint id = Volatile.Read(ref _root);
            int level = Levels - 1;
            for (; level > 0 && id != 0; level--)
            {
                id = Volatile.Read(ref Slot(id, leafNumber, level));
            }

            if (id != 0)
            {
                return true;
            }

            int shift = (level + 1) * DirectoryNode.Shift;
            leafNumber = ((leafNumber >> shift) + 1) << shift;
        }

        return false;
    }

    /// <summary>Takes a leaf out; nodes left empty go.</summary>
    internal void Remove(ulong leafNumber) => Remove(leafNumber, firstLevel: 0);

    /// <summary>Takes a leaf out; its node stays, empty or not, until <see cref="RemoveNode"/>.</summary>
    internal void RemoveLeaf(ulong leafNumber)
    {
        uint id = _root;
        for (int level = Levels - 1; level > 0; level--)
        {
            id = Slot(id, leafNumber, level);
        }

        Debug.Assert(Slot(id, leafNumber, 0) != 0, "No leaf has this number.");
        Slot(id, leafNumber, 0) = 0;
    }

    /// <summary>Takes an empty node of leaves out; nodes above that are left empty go.</summary>
    internal void RemoveNode(ulong leafNumber) => Remove(leafNumber, firstLevel: 1);

    private void Remove(ulong leafNumber, int firstLevel)
    {
        Span<uint> path = stackalloc uint[Levels];
        uint id = _root;
        for (int level = Levels - 1; level >= firstLevel; level--)
        {
            path[level] = id;
            id = Slot(id, leafNumber, level);
        }

        Debug.Assert(id != 0, "Nothing has this number.");
        if (firstLevel != 0)
        {
            Debug.Assert(!((ReadOnlySpan<uint>)_nodes[id]).ContainsAnyExcept(0u), "The node has leaves.");
            _nodes.Return(id);
        }

        for (int level = firstLevel; level < Levels; level++)
        {
            Slot(path[level], leafNumber, level) = 0;
            if (((ReadOnlySpan<uint>)_nodes[path[level]]).ContainsAnyExcept(0u))
            {
                return;
            }

            _nodes.Return(path[level]);
        }

        _root = 0;
    }

    private ref uint Slot(uint node, ulong leafNumber, int level) =>
        ref _nodes[node][(int)(leafNumber >> (level * DirectoryNode.Shift)) & (DirectoryNode.Length - 1)];
}
