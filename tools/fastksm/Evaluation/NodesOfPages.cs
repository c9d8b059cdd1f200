using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Keeps equal pages of different NUMA nodes apart, as ksmd does with merge_across_nodes=0.</summary>
/// <remarks>
/// A page's node is made part of its checksum, so that equal checksums mean pages that may merge. Pages whose node the host does
/// not tell count as of one node, and are counted. Thread safety: all members may be called from any thread.
/// </remarks>
internal sealed class NodesOfPages
{
    private const ulong Salt = 0x9E3779B97F4A7C15;

    private readonly int[] _nodes;
    private long _unknown;

    /// <param name="apart">Whether nodes are kept apart.</param>
    internal NodesOfPages(bool apart)
    {
        Host = apart ? MemoryNodes.Probe() : null;
        _nodes = Host is { Nodes.Count: > 1 } ? [.. Host.Nodes] : [];
    }

    /// <summary>For tests: nodes that are kept apart without a look at the host.</summary>
    internal NodesOfPages(IReadOnlyCollection<int> nodes) => _nodes = [.. nodes];

    /// <summary>The host's nodes; null where they do not matter.</summary>
    internal MemoryNodes? Host { get; }

    /// <summary>Pages that matter and whose node the host did not tell.</summary>
    internal long Unknown => Interlocked.Read(ref _unknown);

    /// <summary>What was kept apart, and what could not be.</summary>
    internal NodesSummary Summary => new(Host, Unknown);

    private bool MustAsk => _nodes.Length > 1;

    /// <summary>Asks on which nodes pages lie.</summary>
    /// <param name="pid">Their process.</param>
    /// <param name="addresses">Their addresses.</param>
    /// <param name="nodes">Receives the nodes; -1 where the host does not tell.</param>
    internal unsafe void Ask(int pid, ReadOnlySpan<ulong> addresses, Span<sbyte> nodes)
    {
        if (!MustAsk || addresses.IsEmpty)
        {
            return;
        }

        int[] found = new int[addresses.Length];
        int result;
        fixed (ulong* pages = addresses)
        fixed (int* into = found)
        {
            result = LinuxNative.NodesOf(pid, (nuint)addresses.Length, pages, into);
        }

        int unknown = 0;
        for (int i = 0; i < found.Length; i++)
        {
            bool isKnown = result == 0 && found[i] is >= 0 and <= sbyte.MaxValue;
            nodes[i] = isKnown ? (sbyte)found[i] : (sbyte)-1;
            unknown += isKnown ? 0 : 1;
        }

        _ = Interlocked.Add(ref _unknown, unknown);
    }

    /// <summary>A checksum that only pages of the same node share.</summary>
    /// <param name="checksum">Of the content.</param>
    /// <param name="node">Where the page lies; below 0 counts as the first node.</param>
    internal ulong Apart(ulong checksum, int node) => MustAsk && node > 0 ? checksum ^ ((ulong)node * Salt) : checksum;

    /// <summary>Whether a checksum is that of a content, on whichever node.</summary>
    internal bool IsAnyOf(ulong checksum, ulong content)
    {
        if (checksum == content)
        {
            return true;
        }

        foreach (int node in _nodes)
        {
            if (checksum == Apart(content, node))
            {
                return true;
            }
        }

        return false;
    }
}
