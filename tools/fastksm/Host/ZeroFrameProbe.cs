using System;
using System.Threading;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>Where this kernel maps the zero frame of its own accord; null: it could not be found out.</summary>
/// <param name="Reads">A read of untouched memory maps the zero frame, and takes no frame.</param>
/// <param name="Splits">Pages of zeroes give their frames back when their huge page is taken apart.</param>
internal readonly record struct ZeroFrameProbe(bool? Reads, bool? Splits)
{
    private const int AdviseNoHugePage = 15;
    private const int AdviseCold = 20;
    private const nuint HugePage = 2 << 20;
    private const int PagesRead = 64;

    /// <summary>Tries both on memory of this process. Needs no rights; some 2 MiB for a moment.</summary>
    internal static ZeroFrameProbe Try() => new(TryRead(), TrySplit());

    // smaps does not count the zero frame as resident, so what it counts is frames taken.
    private static unsafe bool? TryRead()
    {
        nuint page = (nuint)Environment.SystemPageSize;
        using OwnMemory? memory = OwnMemory.TryMap(PagesRead * page, page);
        if (memory is null)
        {
            return null;
        }

        _ = memory.Advise(0, memory.Length, AdviseNoHugePage);
        for (nuint offset = 0; offset < memory.Length; offset += page)
        {
            _ = Volatile.Read(ref memory.Start[offset]);
        }

        return memory.Size("Rss") is { } resident ? resident == 0 : null;
    }

    // MADV_COLD of a part takes a huge page apart when this process alone maps it. Written in one place, it has 511 pages of zeroes.
    private static unsafe bool? TrySplit()
    {
        using OwnMemory? memory = OwnMemory.TryMap(HugePage, HugePage);
        if (memory is null || !memory.Advise(0, HugePage, LinuxNative.AdviseHugePage))
        {
            return null;
        }

        memory.Start[0] = 1;
        if (memory.Size("AnonHugePages") is not (long)(HugePage >> 10)
            || !memory.Advise(0, (nuint)Environment.SystemPageSize, AdviseCold)
            || memory.Size("AnonHugePages") is not 0)
        {
            return null;
        }

        return memory.Size("Rss") is { } resident ? resident < (long)(HugePage >> 11) : null;
    }
}
