using System;
using System.Globalization;
using System.IO;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Which folios, other than huge pages, a host gives to anonymous memory.</summary>
/// <param name="SmallestPages">Pages of the smallest that may be switched on, a power of two; 0 where only huge pages are.</param>
internal readonly record struct FolioSizes(ulong SmallestPages)
{
    private const string Prefix = "hugepages-";
    private const string Suffix = "kB";

    /// <summary>Reads the host's settings. Memory may still lie in folios of a size that was switched off since.</summary>
    /// <param name="directory">The folder of the settings.</param>
    /// <param name="pageSize">Bytes of a page.</param>
    internal static FolioSizes Read(string directory = "/sys/kernel/mm/transparent_hugepage", int pageSize = 0)
    {
        const ulong HugePageKilobytes = 2048;
        ulong kilobytesOfPage = (ulong)(pageSize > 0 ? pageSize : Environment.SystemPageSize) / 1024;
        if (!Directory.Exists(directory))
        {
            return default;
        }

        ulong smallest = 0;
        string top = ProcFile.TryReadText(directory + "/enabled") ?? string.Empty;
        foreach (string path in Directory.EnumerateDirectories(directory, Prefix + "*" + Suffix))
        {
            string name = Path.GetFileName(path);
            if (ulong.TryParse(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length), CultureInfo.InvariantCulture, out ulong kilobytes)
                && kilobytes < HugePageKilobytes
                && kilobytes > kilobytesOfPage
                && IsOn(ProcFile.TryReadText(path + "/enabled") ?? string.Empty, top)
                && (smallest == 0 || kilobytes / kilobytesOfPage < smallest))
            {
                smallest = kilobytes / kilobytesOfPage;
            }
        }

        return new FolioSizes(smallest);
    }

    private static bool IsOn(string setting, string top) =>
        setting.Contains("[always]", StringComparison.Ordinal)
        || setting.Contains("[madvise]", StringComparison.Ordinal)
        || (setting.Contains("[inherit]", StringComparison.Ordinal) && !top.Contains("[never]", StringComparison.Ordinal));
}
