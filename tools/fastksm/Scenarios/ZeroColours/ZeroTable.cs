using System;
using System.Globalization;
using System.Linq;

namespace FastKsm.Cli.Scenarios.ZeroColours;

/// <summary>A large table of zeroes in the memory of a process, and the frames that hold it.</summary>
/// <param name="Frames">Frame of each page.</param>
/// <param name="DistinctFrames">How many there are.</param>
/// <param name="Counters">Counters of the machine.</param>
/// <param name="Compared">Contents that ksmd compared.</param>
internal sealed record ZeroTable(uint[] Frames, int DistinctFrames, KsmCounters Counters, long Compared)
{
    /// <summary>Bytes of a page.</summary>
    internal const int PageBytes = 4096;

    /// <summary>Where it is mapped: at a place of the first colour, whatever the number of colours.</summary>
    internal const ulong Address = 1UL << 36;

    /// <summary>Makes one on a machine of its own.</summary>
    /// <param name="pages">Its pages.</param>
    /// <param name="colours">Zero frames of the machine.</param>
    /// <param name="scans">Full scans by ksmd: 0 leaves every page its own frame, 2 merge.</param>
    /// <param name="useZeroPages">Whether ksmd replaces pages of zeroes by zero frames.</param>
    /// <param name="seed">Of the order in which pages are first written: frames lie scattered, as on a host that has run for a while.</param>
    internal static ZeroTable Make(int pages, int colours, int scans, bool useZeroPages, ulong seed)
    {
        using Machine machine = new(new MachineOptions
        {
            Frames = pages + 64,
            ZeroPageColours = colours,
            Content = FrameContent.Fingerprint,
        });
        ModelProcess process = machine.Spawn();
        Cpu cpu = machine.Cpus[0];
        cpu.Run(process);
        ulong bytes = (ulong)pages * PageBytes;
        _ = cpu.Map(bytes, new MapOptions { At = Address });
        cpu.Advise(Address, bytes, Advice.Mergeable);
        foreach (int page in InRandomOrder(pages, seed))
        {
            cpu.WritePage(Address + ((ulong)page * PageBytes), 0);
        }

        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("use_zero_pages", useZeroPages ? "1" : "0");
        machine.Ksm.Write("pages_to_scan", int.MaxValue.ToString(CultureInfo.InvariantCulture));
        machine.Ksm.Write("run", "1");
        for (int scan = 0; scan < scans; scan++)
        {
            _ = machine.Ksm.Scan();
        }

        uint[] frames = new uint[pages];
        for (int page = 0; page < pages; page++)
        {
            frames[page] = process.FrameAt(Address + ((ulong)page * PageBytes)).Number;
        }

        return new ZeroTable(frames, CountDistinct(frames), machine.Ksm.Counters, machine.Ksm.Statistics.PagesCompared);
    }

    private static int[] InRandomOrder(int pages, ulong seed)
    {
        SeededRandom random = new(seed);
        int[] order = [.. Enumerable.Range(0, pages)];
        for (int left = pages; left > 1; left--)
        {
            int chosen = random.Next(left);
            (order[chosen], order[left - 1]) = (order[left - 1], order[chosen]);
        }

        return order;
    }

    private static int CountDistinct(uint[] frames)
    {
        uint[] sorted = [.. frames];
        Array.Sort(sorted);
        int distinct = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            distinct += i == 0 || sorted[i] != sorted[i - 1] ? 1 : 0;
        }

        return distinct;
    }
}
