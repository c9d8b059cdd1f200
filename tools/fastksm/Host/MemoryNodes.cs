using System;
using System.Collections.Generic;
using System.Globalization;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>The NUMA nodes of this host that have memory, and whether the nodes of pages can be asked for.</summary>
/// <param name="Nodes">Their ids, ascending; node 0 alone where the host does not tell.</param>
/// <param name="ShowPages">Whether move_pages tells the node of a page.</param>
/// <param name="Sentence">What was found, in words.</param>
internal sealed record MemoryNodes(IReadOnlyList<int> Nodes, bool ShowPages, string Sentence)
{
    private const string Directory = "/sys/devices/system/node/";

    /// <summary>Reads the nodes and asks for that of a page of this process.</summary>
    internal static MemoryNodes Probe()
    {
        List<int> nodes = ParseList(ProcFile.TryReadText(Directory + "has_memory") ?? ProcFile.TryReadText(Directory + "online") ?? "0");
        bool showPages = OwnPageHasNode();
        string count = string.Create(CultureInfo.InvariantCulture, $"{nodes.Count} memory {(nodes.Count == 1 ? "node" : "nodes")}");
        return new MemoryNodes(
            nodes, showPages, $"{count}; the node of a page {(showPages ? "can" : "cannot")} be asked for (move_pages).");
    }

    /// <summary>Parses a kernel's list of numbers, such as <c>0-1,3</c>; what is not one is left out.</summary>
    internal static List<int> ParseList(string text)
    {
        const int MostNodes = 1024;
        List<int> numbers = [];
        foreach (string part in text.Trim().Split(','))
        {
            string[] ends = part.Split('-');
            if (int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)
                && last < MostNodes)
            {
                for (int number = first; number <= last; number++)
                {
                    numbers.Add(number);
                }
            }
        }

        return numbers.Count > 0 ? numbers : [0];
    }

    // Asked of a page that certainly is there: the one this local lies on.
    private static unsafe bool OwnPageHasNode()
    {
        int node = -1;
        ulong page = (ulong)&node & ~((ulong)Environment.SystemPageSize - 1);
        return LinuxNative.NodesOf(0, 1, &page, &node) == 0 && node >= 0;
    }
}
