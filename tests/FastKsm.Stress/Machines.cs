using System.Collections.Generic;

namespace FastKsm.Stress;

/// <summary>The machines of the phases: each has settings of its own.</summary>
internal static class Machines
{
    /// <summary>Options of a phase's machine.</summary>
    /// <param name="phase">Number of the phase.</param>
    /// <param name="cpus">CPUs.</param>
    /// <param name="scanner">CPU of ksmd, if it is none of the drivers'.</param>
    internal static MachineOptions OptionsOf(int phase, int cpus, int scanner) => new()
    {
        // Where they are few, a frame that is given up is soon another page's, and now and then there is none.
        Frames = phase % 4 == 1 ? 5000 : phase % 4 == 2 ? 16000 : 32768,
        Cpus = cpus,
        Nodes = phase % 4 == 2 ? 2 : 1,

        // On a driver's CPU it makes that one lazy, again and again.
        BackgroundCpu = phase % 2 == 0 ? scanner : 1,
        MergeFlushes = phase % 4 is 1 or 2 ? MergeFlushes.Batched : MergeFlushes.EachPage,
        Index = phase % 3 == 2 ? MergeIndexKind.ContentTree : MergeIndexKind.Fingerprint,
        Tlb = new TlbOptions
        {
            Fence = phase % 4 == 3 ? AccessFence.FullFence : AccessFence.ProcessWideBarrier,
            Shootdown = phase % 8 == 6 ? ShootdownKind.ArmBroadcast : ShootdownKind.X86Interrupts,
            ContextSlots = phase % 5 == 4 ? 1 : 6,
        },
    };

    /// <summary>Settings of ksmd.</summary>
    internal static IEnumerable<(string File, string Text)> KnobsOf(int phase) =>
    [
        ("smart_scan", "0"),
        ("use_zero_pages", phase % 2 == 0 ? "1" : "0"),
        ("max_page_sharing", phase % 2 == 0 ? "256" : "8"),
        ("pages_to_scan", "200"),
        ("run", "1"),
    ];
}
