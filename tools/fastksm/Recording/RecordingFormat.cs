using System;

namespace FastKsm.Cli.Recording;

/// <summary>What reader and writer of a recording agree on.</summary>
/// <remarks>
/// <code>
/// magic (8 bytes)   version in its last letter
/// page size, pages_to_scan, sleep_millisecs, smart_scan, advisor target, use_zero_pages, max_page_sharing, addresses left out
/// number of processes, then of each: pid, places, name (length, UTF-16 units)
/// number of samples, then of each: milliseconds since the sample before, number of processes with changes, then of each of these:
///     number of the process less that of the one before less 1, number of changes, then of each of these:
///         2 × (place less the place before less 1) + 1 if the page is gone; else its fingerprint in 8 bytes
/// end (4 bytes)
/// </code>
/// Numbers are in groups of seven bits, the least first, with the eighth bit set in all but the last (LEB128);
/// fingerprints are little-endian. "Less the one before less 1" makes each order ascending by form: what is not in
/// order cannot be written down.
/// </remarks>
internal static class RecordingFormat
{
    /// <summary>
    /// Longest name of a process, in UTF-16 units: the kernel's have 15 bytes, each of which may be shown by one.
    /// </summary>
    internal const int MaxName = 64;

    /// <summary>Most processes; also most samples.</summary>
    internal const int MaxCount = 1 << 22;

    /// <summary>Longest recording in milliseconds: a year.</summary>
    internal const long MaxMilliseconds = 366L * 24 * 3600 * 1000;

    /// <summary>First bytes.</summary>
    internal static ReadOnlySpan<byte> Magic => "FKSMREC1"u8;

    /// <summary>Last bytes: what ends before them is cut off.</summary>
    internal static ReadOnlySpan<byte> End => "\nEND"u8;
}
