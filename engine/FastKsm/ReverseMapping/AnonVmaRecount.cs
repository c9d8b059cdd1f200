using System;
using System.Collections.Generic;
using FastKsm.Memory;

namespace FastKsm.ReverseMapping;

/// <summary>Checks the graph against a count from scratch: invariants R1 to R8. For machines at rest.</summary>
internal sealed class AnonVmaRecount
{
    private readonly NativeSlab<AnonVma> _anonVmas;
    private readonly NativeSlab<AnonVmaLink> _links;
    private readonly IntervalIndex _index;
    private readonly Dictionary<(uint AnonVma, ulong Key), VmaInterval> _expected = [];
    private readonly int[] _linksOf;
    private readonly int[] _activeOf;
    private uint _linkCount;

    internal AnonVmaRecount(NativeSlab<AnonVma> anonVmas, NativeSlab<AnonVmaLink> links, IntervalIndex index)
    {
        _index = index;
        _anonVmas = anonVmas;
        _links = links;
        _linksOf = new int[anonVmas.IdLimit];
        _activeOf = new int[anonVmas.IdLimit];
    }

    /// <summary>Counts one VMA.</summary>
    /// <exception cref="InvalidOperationException">R1 or R2 does not hold for it.</exception>
    /// <param name="own">Its own anon_vma.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="interval">What it covers.</param>
    internal void Add(uint own, uint chain, in VmaInterval interval)
    {
        Require((own == 0) == (chain == 0), "R1", own);
        if (own == 0)
        {
            return;
        }

        _activeOf[own]++;
        int ownLinks = 0;
        for (uint link = chain; link != 0; link = _links[link].Next)
        {
            uint anonVma = _links[link].AnonVma;
            Require(_anonVmas[anonVma].Root == _anonVmas[own].Root, "R2", anonVma);
            ownLinks += anonVma == own ? 1 : 0;
            for (uint later = _links[link].Next; later != 0; later = _links[later].Next)
            {
                Require(_links[later].AnonVma != anonVma, "R1", anonVma);
            }

            ulong key = IntervalEntry.KeyOf(interval.First, _links[link].Sequence);
            Require(_expected.TryAdd((anonVma, key), interval), "R8", anonVma);
            _linksOf[anonVma]++;
            _linkCount++;
        }

        Require(ownLinks == 1, "R1", own);
    }

    /// <summary>Compares the counts when every VMA has been added.</summary>
    /// <param name="itemReferences">References by merged items; null for none.</param>
    /// <exception cref="InvalidOperationException">R3, R4 or R5 does not hold.</exception>
    internal void Finish(Func<uint, int>? itemReferences = null)
    {
        int[] children = new int[_linksOf.Length];
        int[] descendants = new int[_linksOf.Length];
        uint live = 0;
        for (uint id = 1; id < _linksOf.Length; id++)
        {
            AnonVma anonVma = _anonVmas[id];
            if (anonVma.References == 0)
            {
                Require(_linksOf[id] == 0, "R5", id);
                continue;
            }

            live++;
            children[anonVma.Parent] += _linksOf[id] != 0 ? 1 : 0;
            descendants[anonVma.Root] += anonVma.Root != id ? 1 : 0;
        }

        for (uint id = 1; id < _linksOf.Length; id++)
        {
            AnonVma anonVma = _anonVmas[id];
            if (anonVma.References != 0)
            {
                Require(anonVma.Intervals.Count == _linksOf[id] && anonVma.Active == _activeOf[id], "R3", id);
                Require(anonVma.Children == children[id], "R4", id);
                int expected = (_linksOf[id] != 0 ? 1 : 0) + descendants[id] + (itemReferences?.Invoke(id) ?? 0);
                Require(anonVma.References == expected, "R5", id);
                uint owner = id;
                _index.Validate(in _anonVmas[id].Intervals, id, entry => Require(IsExpected(owner, entry), "R8", owner));
            }
        }

        Require(live == _anonVmas.LiveCount && _linkCount == _links.LiveCount, "R5", 0);
    }

    private bool IsExpected(uint anonVma, IntervalEntry entry) =>
        _expected.TryGetValue((anonVma, entry.Key), out VmaInterval interval)
        && interval.Vma == entry.Vma && interval.Last == entry.Last;

    private static void Require(bool holds, string invariant, uint anonVma)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant {invariant} is broken at anon_vma {anonVma}.");
        }
    }
}
