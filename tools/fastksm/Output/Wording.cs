using System;
using System.Globalization;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>How figures and outcomes are put into words, the same in every report.</summary>
internal static class Wording
{
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>A status in words.</summary>
    internal static string Of(ReadStatus status) => status switch
    {
        ReadStatus.Read => "read",
        ReadStatus.Exited => "exited while being read",
        ReadStatus.NotPermitted => "not permitted",
        ReadStatus.KernelThread => "kernel thread",
        ReadStatus.Zombie => "zombie",
        ReadStatus.Unsupported => "without a file of /proc that reading takes",
        ReadStatus.Blocked => "not answering (a call of the kernel about it did not return)",
        ReadStatus.SameAddressSpace => "with the address space of another one",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a status."),
    };

    /// <summary>A status as a key for programs.</summary>
    internal static string KeyOf(ReadStatus status) => status switch
    {
        ReadStatus.Read => "read",
        ReadStatus.Exited => "exited",
        ReadStatus.NotPermitted => "not_permitted",
        ReadStatus.KernelThread => "kernel_thread",
        ReadStatus.Zombie => "zombie",
        ReadStatus.Unsupported => "unsupported",
        ReadStatus.Blocked => "blocked",
        ReadStatus.SameAddressSpace => "same_address_space",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a status."),
    };

    /// <summary>Why a VMA can't merge, or that it can: in words, and as a key for programs.</summary>
    internal static string Of(VmaEligibility eligibility) => eligibility switch
    {
        VmaEligibility.Eligible => "eligible",
        VmaEligibility.Shared => "shared",
        VmaEligibility.SharedFile => "shared_file",
        VmaEligibility.HugeTlb => "hugetlb",
        VmaEligibility.Device => "device",
        VmaEligibility.Special => "special",
        VmaEligibility.Droppable => "droppable",
        VmaEligibility.NotMarked => "not_marked",
        _ => throw new ArgumentOutOfRangeException(nameof(eligibility), eligibility, "Not an eligibility."),
    };

    /// <summary>A number of bytes with a binary unit and three significant digits; negative ones too.</summary>
    internal static string Bytes(double bytes)
    {
        int unit = 0;
        while (Math.Abs(bytes) >= 1024 && unit < s_units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        string format = unit == 0 || Math.Abs(bytes) >= 100 ? "F0" : Math.Abs(bytes) >= 10 ? "F1" : "F2";
        return bytes.ToString(format, CultureInfo.InvariantCulture) + " " + s_units[unit];
    }

    /// <summary>The end of a long path, where it tells most.</summary>
    internal static string Tail(string path)
    {
        const int Longest = 40;
        return path.Length <= Longest ? path : "…" + path[^(Longest - 1)..];
    }

    /// <summary>A count with separators.</summary>
    internal static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A length of time in a readable unit.</summary>
    internal static string Seconds(double seconds) => seconds switch
    {
        double.PositiveInfinity => "never",
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:F0} ms"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:F1} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:F1} h"),
    };

    /// <summary>A share in percent.</summary>
    internal static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:F1} %");
}
