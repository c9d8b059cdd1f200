using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Scenarios.ZeroColours;

/// <summary>The caches between a CPU and memory, and how often each had what was read.</summary>
/// <remarks>
/// A miss fills every level that it has passed. Levels replace on their own: neither inclusive nor exclusive. Nothing is
/// fetched ahead, loads do not overlap, and nobody else uses the caches. Thread safety: none.
/// </remarks>
internal sealed class CacheHierarchy
{
    private readonly SetAssociativeCache[] _levels;
    private readonly long[] _hits;
    private readonly long[] _cycles;

    /// <param name="cpu">Its figures, without faults.</param>
    /// <param name="pageBytes">Bytes of a page; a power of two.</param>
    internal CacheHierarchy(CacheModel cpu, int pageBytes)
    {
        _levels = [.. cpu.Levels.Select(level => new SetAssociativeCache(level, pageBytes))];
        _cycles = [.. cpu.Levels.Select(level => (long)level.Cycles), cpu.MemoryCycles];
        _hits = new long[_levels.Length + 1];
    }

    /// <summary>Reads that each level answered, the first level first; the last figure is memory's.</summary>
    internal IReadOnlyList<long> Hits => _hits;

    /// <summary>Cycles of all reads.</summary>
    internal long Cycles => _hits.Zip(_cycles, (hits, cycles) => hits * cycles).Sum();

    /// <summary>Reads a word.</summary>
    /// <param name="virtualAddress">Address by which the program reads.</param>
    /// <param name="physicalAddress">Address in memory; the same offset in a page.</param>
    internal void Read(ulong virtualAddress, ulong physicalAddress)
    {
        int level = 0;
        while (level < _levels.Length && !_levels[level].Read(virtualAddress, physicalAddress))
        {
            level++;
        }

        _hits[level]++;
    }

    /// <summary>Counts from zero again; what is cached stays.</summary>
    internal void ForgetCounts() => System.Array.Clear(_hits);
}
