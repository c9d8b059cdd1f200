using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Memory of a process that the kernel holds for input and output, as far as it says where it lies.</summary>
/// <remarks>
/// ksmd merges a page only while nothing but its mappings refers to it. io_uring lists its registered buffers in
/// <c>/proc/PID/fdinfo</c>; other drivers (VFIO, RDMA) show only an amount, <c>VmPin</c> or <c>VmLck</c> of
/// <c>/proc/PID/status</c>, and vmsplice shows nothing.
/// Thread safety: immutable once read.
/// </remarks>
internal sealed class PinnedRanges
{
    private const string RingLink = "anon_inode:[io_uring]";

    private readonly List<(ulong Start, ulong End)> _ranges = [];

    private PinnedRanges()
    {
    }

    /// <summary>No range.</summary>
    internal static PinnedRanges None { get; } = new();

    /// <summary>Whether there is none.</summary>
    internal bool IsEmpty => _ranges.Count == 0;

    /// <summary>Their sum in bytes; a page that several buffers have counts once.</summary>
    internal ulong ByteLength { get; private set; }

    /// <summary>Reads the ranges of a process.</summary>
    /// <param name="directory">Its directory, such as <c>/proc/12</c>.</param>
    internal static PinnedRanges Read(string directory)
    {
        PinnedRanges ranges = new();
        try
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(directory + "/fd"))
            {
                if (string.Equals(ProcFile.TryReadLink(path), RingLink, StringComparison.Ordinal)
                    && ProcFile.TryReadText($"{directory}/fdinfo/{Path.GetFileName(path)}") is { } text)
                {
                    ranges.AddBuffers(text);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended, or its descriptors are not to be seen: then the amount in its status stands alone.
        }

        ranges.Unite();
        return ranges;
    }

    /// <summary>Takes the text of one fdinfo file.</summary>
    internal static PinnedRanges Parse(string text)
    {
        PinnedRanges ranges = new();
        ranges.AddBuffers(text);
        ranges.Unite();
        return ranges;
    }

    /// <summary>Whether one of them has an address of a stretch.</summary>
    internal bool Overlaps(ulong start, ulong end)
    {
        foreach ((ulong first, ulong last) in _ranges)
        {
            if (end <= first)
            {
                return false;
            }

            if (start < last)
            {
                return true;
            }
        }

        return false;
    }

    // "    0: 0x7f2475d6e000/819200" is a buffer and its length.
    private void AddBuffers(string text)
    {
        bool isBuffers = false;
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(" ", StringComparison.Ordinal))
            {
                isBuffers = line.StartsWith("UserBufs:", StringComparison.Ordinal);
                continue;
            }

            int address = line.IndexOf("0x", StringComparison.Ordinal);
            int slash = line.LastIndexOf('/');
            if (isBuffers && address > 0 && slash > address
                && ulong.TryParse(
                    line[(address + 2)..slash], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong start)
                && ulong.TryParse(line[(slash + 1)..], CultureInfo.InvariantCulture, out ulong length)
                && length > 0)
            {
                ulong mask = (ulong)Environment.SystemPageSize - 1;
                _ranges.Add((start & ~mask, (start + length + mask) & ~mask));
            }
        }
    }

    private void Unite()
    {
        _ranges.Sort();
        int kept = 0;
        for (int i = 0; i < _ranges.Count; i++)
        {
            if (kept > 0 && _ranges[i].Start <= _ranges[kept - 1].End)
            {
                _ranges[kept - 1] = (_ranges[kept - 1].Start, Math.Max(_ranges[kept - 1].End, _ranges[i].End));
            }
            else
            {
                _ranges[kept++] = _ranges[i];
            }
        }

        _ranges.RemoveRange(kept, _ranges.Count - kept);
        foreach ((ulong start, ulong end) in _ranges)
        {
            ByteLength += end - start;
        }
    }
}
