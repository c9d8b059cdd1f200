using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>Asks for PAGEMAP_SCAN (Linux 6.7 and later), of this process's own pagemap.</summary>
internal static class PagemapScanProbe
{
    /// <summary>The finding.</summary>
    internal static PagemapSearch Ask() => PagemapScan.TellsZeroFrames
        ? new PagemapSearch(true, "PAGEMAP_SCAN finds present pages without reading an entry for each hole.")
        : new PagemapSearch(
            false, "There is no PAGEMAP_SCAN (Linux 6.7): every entry of an address range is read, 8 bytes a page.");
}
