using System;
using System.Globalization;
using FastKsm.Cli.Evaluation;
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

    /// <summary>Processes of a status, with their number.</summary>
    internal static string Counted(ReadStatus status, long count) => status switch
    {
        ReadStatus.KernelThread => Plural(count, "kernel thread", "kernel threads"),
        ReadStatus.Zombie => Plural(count, "zombie", "zombies"),
        _ => $"{Count(count)} {Of(status)}",
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

    /// <summary>What processes are summed up by, as a heading and as a key for programs.</summary>
    internal static string KeyOf(OwnerKind kind) => kind switch
    {
        OwnerKind.Unit => "unit",
        OwnerKind.Container => "container",
        OwnerKind.Cgroup => "cgroup",
        OwnerKind.User => "user",
        OwnerKind.Command => "command",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an owner."),
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

    /// <summary>What tells a process from others of its name: the name, and the arguments that it was started with.</summary>
    /// <param name="name">The kernel's name of the process.</param>
    /// <param name="commandLine">Its arguments with blanks between; empty where they are not known.</param>
    internal static string Title(string name, string commandLine)
    {
        const int Longest = 48;
        string[] parts = commandLine.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
        {
            return name;
        }

        // The kernel cuts names to 15 bytes, and threads give themselves names of their own.
        string program = System.IO.Path.GetFileName(parts[0].TrimEnd(':'));
        string title = program.StartsWith(name, StringComparison.Ordinal) ? program : $"{name} ({program})";
        title = parts.Length > 1 ? $"{title} {parts[1]}" : title;
        return title.Length <= Longest ? title : title[..(Longest - 1)] + "…";
    }

    /// <summary>A count with its noun.</summary>
    internal static string Plural(long count, string one, string many) => $"{Count(count)} {(count == 1 ? one : many)}";

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
