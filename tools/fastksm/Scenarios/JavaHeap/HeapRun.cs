using System.Globalization;

namespace FastKsm.Cli.Scenarios.JavaHeap;

/// <summary>The heap on a machine of its own, and what the migration of some of its frames took.</summary>
/// <remarks>Contents are fingerprints: walks never look at them, and a million pages fit anywhere.</remarks>
internal sealed class HeapRun
{
    private const ulong PageBytes = 4096;

    private HeapRun(Machine machine, long migrated)
    {
        PagesShared = machine.Ksm.Counters.PagesShared;
        PagesSharing = machine.Ksm.Counters.PagesSharing;
        Migrated = migrated;
        Unmap = machine.Walks(WalkKind.Migrate);
        Restore = machine.Walks(WalkKind.Restore);
    }

    /// <summary>Merged frames.</summary>
    internal long PagesShared { get; }

    /// <summary>Pages merged into them beyond the first of each.</summary>
    internal long PagesSharing { get; }

    /// <summary>Frames migrated.</summary>
    internal long Migrated { get; }

    /// <summary>Walks that unmapped the old frames.</summary>
    internal WalkFigures Unmap { get; }

    /// <summary>Walks that mapped the new ones.</summary>
    internal WalkFigures Restore { get; }

    /// <summary>Sets the heap up and migrates.</summary>
    /// <param name="pages">Pages of the heap; in the end each is a VMA.</param>
    /// <param name="sharing">Pages that a frame may have.</param>
    /// <param name="frames">Frames to migrate, as many as there are at most.</param>
    /// <param name="pruning">Which VMAs walks look at.</param>
    /// <exception cref="ToolException">The heap did not merge.</exception>
    internal static HeapRun Perform(long pages, long sharing, long frames, Pruning pruning)
    {
        using Machine machine = new(new MachineOptions
        {
            Frames = pages + 1024,
            Content = FrameContent.Fingerprint,
            MaxMapCount = (int)pages + 16,
            Pruning = pruning,
        });
        machine.Ksm.Write("max_page_sharing", sharing.ToString(CultureInfo.InvariantCulture));
        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("pages_to_scan", "1000000000");
        machine.Ksm.Write("run", "1");
        ModelProcess java = machine.Spawn();
        Cpu cpu = machine.Cpus[0];
        cpu.Run(java);
        ulong heap = cpu.Map((ulong)pages * PageBytes, new MapOptions());
        cpu.Advise(heap, (ulong)pages * PageBytes, Advice.Mergeable);
        for (ulong page = 0; page < (ulong)pages; page++)
        {
            cpu.WritePage(heap + (page * PageBytes), 1);
        }

        for (ulong page = 0; page < (ulong)pages; page += 2)
        {
            cpu.Protect(heap + (page * PageBytes), PageBytes, Protection.Read);
        }

        // The first scan takes checksums, the second merges.
        _ = machine.Ksm.Scan();
        _ = machine.Ksm.Scan();
        if (machine.Ksm.Counters.PagesShared == 0)
        {
            throw new ToolException(ExitCode.Failed, "java-heap: no page of the heap has merged");
        }

        machine.ResetWalks();
        return new HeapRun(machine, Migrate(cpu, java, heap, pages, frames));
    }

    // Pages of one frame lie together, because they merged in the order of their addresses.
    private static long Migrate(Cpu cpu, ModelProcess java, ulong heap, long pages, long frames)
    {
        long moved = 0;
        Pfn last = Pfn.None;
        for (ulong page = 0; page < (ulong)pages && moved < frames; page++)
        {
            ulong address = heap + (page * PageBytes);
            if (java.FrameAt(address) == last)
            {
                continue;
            }

            moved += cpu.Migrate(java, address, PageBytes);
            last = java.FrameAt(address);
        }

        return moved;
    }
}
