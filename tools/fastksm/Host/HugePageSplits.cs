using System;
using System.Globalization;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>What becomes of the pages of zeroes of a huge page that this kernel takes apart.</summary>
/// <param name="DropZeroes">They give their frames back, and the zero frame is mapped instead; else they stay as they are.</param>
/// <param name="IsProbed">Whether it was tried here; else it follows from the kernel's version.</param>
/// <param name="Sentence">What was found, in words.</param>
internal sealed record HugePageSplits(bool DropZeroes, bool IsProbed, string Sentence)
{
    // The zero frame is mapped by Linux 6.12 and later.
    private static readonly Version s_first = new(6, 12);

    /// <summary>Tries it on a huge page of this process; where none is to be had, the kernel's version decides.</summary>
    internal static HugePageSplits Probe(HostKsm host) => Of(ZeroFrameProbe.Try().Splits, host.KernelRelease);

    /// <summary>The finding that follows from a probe and a release.</summary>
    /// <param name="probed">What was tried; null where it could not be.</param>
    /// <param name="release">The kernel's release, as distributions write it.</param>
    internal static HugePageSplits Of(bool? probed, string release)
    {
        if (probed is { } drops)
        {
            return new HugePageSplits(drops, IsProbed: true, drops
                ? "Pages of zeroes go when their huge page is taken apart (tried on this host)."
                : "Pages of zeroes stay when their huge page is taken apart (tried on this host).");
        }

        return ParseRelease(release) is { } version
            ? new HugePageSplits(version >= s_first, IsProbed: false, string.Create(
                CultureInfo.InvariantCulture,
                $"No huge page was to be had for a trial: that pages of zeroes {(version >= s_first ? "go" : "stay")} when a huge page is taken apart is taken from the version, {version}."))
            : new HugePageSplits(true, IsProbed: false, string.Create(
                CultureInfo.InvariantCulture,
                $"Neither a trial nor the release '{release}' tells whether pages of zeroes go when a huge page is taken apart: as in Linux 6.12 and later, they are taken to go."));
    }

    /// <summary>The leading numbers of a release, such as 6.12.117 of <c>6.12.117+deb13-cloud-amd64</c>.</summary>
    /// <returns>Null where it does not begin with two numbers and a point between them.</returns>
    internal static Version? ParseRelease(string release)
    {
        int length = 0;
        while (length < release.Length && (char.IsAsciiDigit(release[length]) || release[length] == '.'))
        {
            length++;
        }

        string[] numbers = release[..length].TrimEnd('.').Split('.');
        return numbers.Length >= 2 && Version.TryParse(string.Join('.', numbers[..Math.Min(numbers.Length, 3)]), out Version? version)
            ? version
            : null;
    }
}
