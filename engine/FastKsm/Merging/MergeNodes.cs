using System.Runtime.CompilerServices;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <summary>Which of the trees a frame belongs to: one for all, or one for each NUMA node.</summary>
/// <remarks>Thread safety: under the ksm mutex.</remarks>
internal sealed class MergeNodes
{
    private readonly FrameLayout _layout;
    private readonly MergeKnobs _knobs;

    internal MergeNodes(PhysicalMemory frames, MergeKnobs knobs)
    {
        _layout = frames.Layout;
        _knobs = knobs;
    }

    /// <summary>Trees that there may be.</summary>
    internal int Count => _layout.Nodes;

    /// <summary>Whether contents of different nodes are kept apart.</summary>
    internal bool AreApart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !_knobs.MergeAcrossNodes;
    }

    /// <summary>Tree of a frame, by the node on which it lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Of(Pfn frame) => AreApart ? _layout.NodeOf(frame.Number) : 0;
}
