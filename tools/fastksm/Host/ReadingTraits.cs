using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>What this user is shown of processes and of their pages.</summary>
internal static class ReadingTraits
{
    /// <summary>The rows, in their order.</summary>
    internal static IEnumerable<HostTrait> Probe() =>
    [
        Proc(ProcAccessProbe.Ask(ProcMount.Host)),
        Frames(FrameNumbersProbe.Ask(ProcMount.Host)),
        KsmFlag(KsmBitProbe.Ask()),
        AddressSpaces(AddressSpaceOrderProbe.Ask()),
        Scan(PagemapScanProbe.Ask()),
    ];

    private static HostTrait Proc(ProcAccess proc) => proc.Sentence.Length == 0
        ? HostTrait.Full("proc", "shows every process of this pid namespace")
        : HostTrait.Lacking(
            "proc", proc.Sentence.TrimEnd('.'), "evaluate cannot see, or reads less quickly, what it hides",
            "a /proc of one's own pid namespace, mounted without hidepid and subset");

    private static HostTrait Frames(FrameNumbers frames) => frames.AreVisible
        ? HostTrait.Full("frame_numbers", "visible")
        : HostTrait.Lacking(
            "frame_numbers", frames.Sentence.TrimEnd('.'), "evaluate tells pages that fork shares by their address only",
            "root with CAP_SYS_ADMIN");

    private static HostTrait KsmFlag(KsmBit bit) => bit.State switch
    {
        KsmBitState.Right => HostTrait.Full("kpageflags", "tells KSM pages"),
        KsmBitState.ShownByAll => HostTrait.Differs(
            "kpageflags", bit.Sentence.TrimEnd('.'), "evaluate looks at more than that bit"),
        _ => HostTrait.Lacking(
            "kpageflags", "cannot be read", "evaluate cannot tell merged pages and folios by their frames",
            "root with CAP_SYS_ADMIN"),
    };

    private static HostTrait AddressSpaces(AddressSpaceOrder order) => order.IsAsked
        ? HostTrait.Full("kcmp", "tells processes that use one address space")
        : HostTrait.Lacking(
            "kcmp", order.Sentence.TrimEnd('.'), "evaluate compares pages instead, which takes longer",
            "CAP_SYS_PTRACE in a container");

    private static HostTrait Scan(PagemapSearch search) => search.IsPresent
        ? HostTrait.Full("pagemap_scan", "works")
        : HostTrait.Lacking(
            "pagemap_scan", "not known to this kernel",
            "evaluate reads 8 bytes of pagemap for every mapped page, holes too", "Linux 6.7");
}
