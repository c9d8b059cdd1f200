using System;
using System.Collections.Generic;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Tells from pages whether two processes use one address space, where kcmp(2) cannot be asked.</summary>
/// <remarks>
/// <para>
/// A page that is mapped exactly once has one address space. So the first page that both pagemaps show as mapped once
/// decides where frame numbers are visible: one frame, one address space. Where they are hidden, all entries looked at
/// must be equal and all such pages must hold the same bytes. Two processes that fork left differ there: each has written
/// its own thread id (libc keeps it in memory) and its stack since.
/// </para>
/// <para>Thread safety: all members may be called from any thread.</para>
/// </remarks>
internal static unsafe class AddressSpaceComparison
{
    private const int MostEntries = 65_536;
    private const int MostContents = 1024;
    private const int EntriesPerRead = 512;

    // A page may change between the two looks at it; one that differs so often is another page.
    private const int Attempts = 3;

    // The soft-dirty bit changes with each write, and tells nothing here.
    private const ulong EntryMask = ~(1UL << 55);

    /// <summary>Whether they use one address space. False where nothing tells.</summary>
    /// <param name="mount">The <c>/proc</c> that shows both.</param>
    /// <param name="process">An open process.</param>
    /// <param name="other">One that was opened before; it need not be open any more.</param>
    internal static bool AreSame(ProcMount mount, LiveProcess process, LiveProcess other)
    {
        string? maps = ProcFile.TryReadText(process.Directory + "/maps");
        if (string.IsNullOrEmpty(maps)
            || !string.Equals(maps, ProcFile.TryReadText(other.Directory + "/maps"), StringComparison.Ordinal)
            || LiveProcess.Open(other.Pid, mount) is not { } reopened)
        {
            return false;
        }

        bool isSame = false;
        if (reopened.Status == ReadStatus.Read && reopened.Stat.StartTime == other.Stat.StartTime)
        {
            for (int attempt = 0; attempt < Attempts && !isSame; attempt++)
            {
                isSame = HaveSamePages(maps, process, reopened);
            }
        }

        reopened.EndUse();
        return isSame;
    }

    private static bool HaveSamePages(string maps, LiveProcess first, LiveProcess second)
    {
        List<ulong> mappedOnce = [];
        ulong pageSize = (ulong)Environment.SystemPageSize;
        ulong* ofFirst = stackalloc ulong[EntriesPerRead];
        ulong* ofSecond = stackalloc ulong[EntriesPerRead];
        int looked = 0;
        foreach ((ulong start, ulong end) in WritableRanges(maps))
        {
            for (ulong address = start; address < end && looked < MostEntries; address += EntriesPerRead * pageSize)
            {
                int count = (int)Math.Min((end - address) / pageSize, EntriesPerRead);
                if (!ReadEntries(first.Pagemap!, address, ofFirst, count) || !ReadEntries(second.Pagemap!, address, ofSecond, count))
                {
                    return false;
                }

                looked += count;
                for (int i = 0; i < count; i++)
                {
                    PagemapEntry one = new(ofFirst[i]);
                    if (one.IsPresentAnonymous && one.IsExclusive && one.Frame != 0)
                    {
                        return one.Frame == new PagemapEntry(ofSecond[i]).Frame;
                    }

                    if (((ofFirst[i] ^ ofSecond[i]) & EntryMask) != 0)
                    {
                        return false;
                    }

                    if (one.IsPresentAnonymous && one.IsExclusive)
                    {
                        mappedOnce.Add(address + ((ulong)i * pageSize));
                    }
                }
            }
        }

        return mappedOnce.Count > 0 && HaveSameContents(first, second, mappedOnce);
    }

    private static bool HaveSameContents(LiveProcess first, LiveProcess second, List<ulong> pages)
    {
        int step = Math.Max(1, pages.Count / MostContents);
        for (int i = 0; i < pages.Count; i += step)
        {
            bool isEqual = false;
            for (int attempt = 0; attempt < Attempts && !isEqual; attempt++)
            {
                isEqual = HaveSameContent(first, second, pages[i]);
            }

            if (!isEqual)
            {
                return false;
            }
        }

        return true;
    }

    private static bool HaveSameContent(LiveProcess first, LiveProcess second, ulong address)
    {
        int pageSize = Environment.SystemPageSize;
        byte[] one = new byte[pageSize];
        byte[] two = new byte[pageSize];
        fixed (byte* ofFirst = one, ofSecond = two)
        {
            return ProcessMemory.ReadShared(first, address, ofFirst, (nuint)pageSize) == pageSize
                && ProcessMemory.ReadShared(second, address, ofSecond, (nuint)pageSize) == pageSize
                && one.AsSpan().SequenceEqual(two);
        }
    }

    private static bool ReadEntries(SafeFileHandle pagemap, ulong address, ulong* entries, int count)
    {
        nuint byteLength = (nuint)count * sizeof(ulong);
        long offset = (long)(address / (ulong)Environment.SystemPageSize * sizeof(ulong));
        return ProcFile.ReadAt(pagemap, entries, byteLength, offset) == (long)byteLength;
    }

    // From the top: the initial stack and what threads keep for themselves lie there, and those differ after a fork.
    private static List<(ulong Start, ulong End)> WritableRanges(string maps)
    {
        List<(ulong Start, ulong End)> ranges = [];
        foreach (string line in maps.Split('\n'))
        {
            string[] fields = line.Split(' ', 3);
            if (fields.Length == 3 && fields[1].Equals("rw-p", StringComparison.Ordinal)
                && fields[0].Split('-') is [{ } start, { } end]
                && ulong.TryParse(start, System.Globalization.NumberStyles.HexNumber, null, out ulong first)
                && ulong.TryParse(end, System.Globalization.NumberStyles.HexNumber, null, out ulong last))
            {
                ranges.Add((first, last));
            }
        }

        ranges.Reverse();
        return ranges;
    }
}
