using System.Diagnostics;
using System.Numerics;

namespace FastKsm.Memory;

/// <summary>Where frames lie: how many, how large, on which node, and which of them are zero frames.</summary>
/// <remarks>
/// Frame numbers: 0 none; from 1 the zero frames, one for each colour; the allocatable frames follow, an equal share for each
/// node in turn and the remainder on the last. Immutable.
/// </remarks>
internal readonly struct FrameLayout
{
    /// <summary>Number of the first zero frame.</summary>
    internal const uint FirstZeroFrame = 1;

    private readonly uint _framesPerNode;

    /// <param name="frames">Allocatable frames; at least one for each node.</param>
    /// <param name="nodes">NUMA nodes; at least one.</param>
    /// <param name="cpus">CPUs; at least one.</param>
    /// <param name="contentSize">Bytes stored for each frame; a power of two, at least 16.</param>
    /// <param name="zeroFrames">Zero frames; a power of two.</param>
    internal FrameLayout(uint frames, int nodes, int cpus, int contentSize, int zeroFrames = 1)
    {
        Debug.Assert(nodes > 0 && frames >= nodes && cpus > 0, "Options were validated at the edge.");
        Debug.Assert(BitOperations.IsPow2(zeroFrames), "Options were validated at the edge.");
        Frames = frames;
        Nodes = nodes;
        Cpus = cpus;
        ContentSize = contentSize;
        ZeroFrames = (uint)zeroFrames;
        _framesPerNode = frames / (uint)nodes;
    }

    /// <summary>Allocatable frames.</summary>
    internal uint Frames { get; }

    /// <summary>NUMA nodes.</summary>
    internal int Nodes { get; }

    /// <summary>CPUs.</summary>
    internal int Cpus { get; }

    /// <summary>Bytes stored for each frame.</summary>
    internal int ContentSize { get; }

    /// <summary>Zero frames: one for each colour.</summary>
    internal uint ZeroFrames { get; }

    /// <summary>Number of the first frame that can be allocated.</summary>
    internal uint FirstFrame => FirstZeroFrame + ZeroFrames;

    /// <summary>One past the largest frame number.</summary>
    internal uint Limit => FirstFrame + Frames;

    /// <summary>
    /// The zero frame of an address: its colour is the low bits of the page number, as in Linux's ZERO_PAGE(vaddr) of MIPS and s390.
    /// </summary>
    internal uint ZeroFrameOf(ulong page) => FirstZeroFrame + ((uint)page & (ZeroFrames - 1));

    /// <summary>First frame of a node; for <c>node = Nodes</c>, one past the last frame of all.</summary>
    internal uint FirstOf(int node) => node == Nodes ? Limit : FirstFrame + ((uint)node * _framesPerNode);

    /// <summary>Node on which a frame lies; zero frames lie on node 0.</summary>
    internal int NodeOf(uint frame) =>
        frame < FirstFrame ? 0 : (int)uint.Min((frame - FirstFrame) / _framesPerNode, (uint)Nodes - 1);

    /// <summary>Node whose frames a CPU prefers: CPUs are spread over the nodes in equal runs.</summary>
    internal int HomeOf(int cpu) => (int)((long)cpu * Nodes / Cpus);
}
