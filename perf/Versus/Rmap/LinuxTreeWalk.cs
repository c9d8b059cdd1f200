using System;
using System.Diagnostics;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;
using FastKsm.Tests.ReverseMapping;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>The walk of Linux before the series: every VMA of the anon_vma, in the order of its red-black tree.</summary>
/// <remarks>
/// The same layout, the same checks of address and process, the same work at the page table and the same lock as the engine's
/// walk; only the index differs, and nothing is pruned.
/// </remarks>
internal sealed class LinuxTreeWalk
{
    private readonly RmapLayout _layout;
    private readonly AugmentedIntervalTree _tree;
    private readonly ReaderWriterLatch _latch = new(LockRank.AnonVmaStructure);

    /// <param name="layout">The layout; all its VMAs have one anon_vma.</param>
    /// <param name="vmas">How many those are.</param>
    internal LinuxTreeWalk(RmapLayout layout, int vmas)
    {
        _layout = layout;
        _tree = new AugmentedIntervalTree(vmas);
        for (uint id = 1; id < layout.Store.Vmas.IdLimit; id++)
        {
            ref readonly Vma vma = ref layout.Store.Vmas[id];
            if (vma.AnonVma != 0 && vma.End > vma.Start)
            {
                _ = _tree.Insert(vma.PageOffset, vma.LastIndex, id);
            }
        }

        if (_tree.Count != vmas)
        {
            throw new InvalidOperationException($"The layout has {_tree.Count} VMAs, not {vmas}.");
        }
    }

    /// <summary>Walks over every frame once.</summary>
    /// <returns>Mean time of a hold, in ns.</returns>
    internal double Hold()
    {
        long ticks = 0;
        long holds = 0;
        foreach (Pfn frame in _layout.Frames)
        {
            int left = _layout.Store.Frames[frame].MapCount;
            for (uint id = _layout.Merged.FirstPlace(_layout.Store.Frames[frame].Mapping); id != 0 && left != 0;)
            {
                id = _layout.Merged.NextPlace(id, out MergedPlace place);
                _latch.EnterRead();
                long entered = Stopwatch.GetTimestamp();
                Walk(frame, place, ref left);
                _latch.ExitRead();
                ticks += Stopwatch.GetTimestamp() - entered;
                holds++;
            }

            if (left != 0)
            {
                throw new PeerDisagreesException($"the walk over Linux's tree has missed {left} pages");
            }
        }

        return Stopwatch.GetElapsedTime(0, ticks).TotalNanoseconds / holds;
    }

    private void Walk(Pfn frame, in MergedPlace place, ref int left)
    {
        for (uint node = _tree.First(0, ulong.MaxValue); node != 0 && left != 0; node = _tree.Next(node, 0, ulong.MaxValue))
        {
            ref readonly Vma vma = ref _layout.Store.Vmas[_tree.VmaOf(node)];
            if (place.Page >= vma.Start && place.Page < vma.End && vma.Space == place.Space)
            {
                AddressSpace space = _layout.Store.Spaces.Find(vma.Space)!;
                PteOutcome outcome = MappingActions.ClearAccessed(space, cpu: 0, place.Page, frame, out _);
                left -= outcome == PteOutcome.Done ? 1 : 0;
            }
        }
    }
}
