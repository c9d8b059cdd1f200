using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using FastKsm.Cli.Offline;
using FastKsm.Cli.Offline.Criu;
using FastKsm.Simd;

namespace FastKsm.Cli.Evaluation.Templates;

/// <summary>A snapshot, by the checksums of its pages and blocks.</summary>
/// <remarks>Thread safety: immutable.</remarks>
internal sealed class Template
{
    private readonly List<ulong> _places = [];
    private readonly List<ulong> _checksums = [];
    private readonly Dictionary<int, HashSet<ulong>> _blocks = [];

    private Template(string source, bool isRaw, long byteLength)
    {
        Source = source;
        IsRaw = isRaw;
        ByteLength = byteLength;
    }

    /// <summary>Sizes of blocks in pages, for pages of 4 KiB: 4 KiB, 64 KiB and 2 MiB.</summary>
    internal static IReadOnlyList<int> Units { get; } = [1, 16, 512];

    /// <summary>The file.</summary>
    internal string Source { get; }

    /// <summary>Whether places are offsets, not addresses.</summary>
    internal bool IsRaw { get; }

    /// <summary>Length of raw memory, in bytes.</summary>
    internal long ByteLength { get; }

    /// <summary>Pages in it.</summary>
    internal int PageCount => _places.Count;

    /// <summary>Reads a snapshot of any kind.</summary>
    /// <exception cref="ToolException">It can't be read, or is of several processes.</exception>
    internal static Template Read(string path)
    {
        using MemoryImage image = Open(path, out bool isRaw);
        Template template = new(path, isRaw, isRaw ? image.Segments[0].ByteLength : 0);
        byte[] page = new byte[Environment.SystemPageSize];
        foreach (ImageSegment segment in image.Segments)
        {
            long end = segment.Offset + segment.ByteLength;
            for (long at = segment.Offset; at < end; at += page.Length)
            {
                // Whole pages: a stretch of data that begins within one takes all of it.
                long data = segment.File.NextData(at, end).Start;
                at += (data - at) / page.Length * page.Length;
                if (at >= end)
                {
                    break;
                }

                segment.File.Read(at, page);
                template._places.Add(segment.Address + (ulong)(at - segment.Offset));
                template._checksums.Add(PageChecksum.Hash64(page));
            }
        }

        template.IndexBlocks();
        return template;
    }

    /// <summary>Whether a page at a place is that of the snapshot.</summary>
    internal bool IsSame(ulong place, ulong checksum)
    {
        int at = _places.BinarySearch(place);
        return at >= 0 && _checksums[at] == checksum;
    }

    /// <summary>Whether the snapshot has a block anywhere.</summary>
    /// <param name="checksums">Checksums of its pages, in order; as many as one of <see cref="Units"/>.</param>
    internal bool Has(ReadOnlySpan<ulong> checksums) => _blocks[checksums.Length].Contains(HashOf(checksums));

    private static MemoryImage Open(string path, out bool isRaw)
    {
        isRaw = false;
        if (Directory.Exists(path))
        {
            IReadOnlyList<MemoryImage> all = CriuDump.Open(path);
            if (all.Count == 1)
            {
                return all[0];
            }

            foreach (MemoryImage image in all)
            {
                image.Dispose();
            }

            throw new ToolException(ExitCode.BadInput, $"{path}: {all.Count} processes; a template is of one.");
        }

        Span<byte> magic = stackalloc byte[4];
        using (ImageFile file = ImageFile.Open(path))
        {
            _ = file.ReadSome(0, magic);
        }

        isRaw = !magic.SequenceEqual("\u007fELF"u8);
        return isRaw ? RawImage.Open(path) : CoreFile.Open(path);
    }

    private static ulong HashOf(ReadOnlySpan<ulong> checksums) =>
        checksums.Length == 1 ? checksums[0] : PageChecksum.Hash64(MemoryMarshal.AsBytes(checksums));

    private void IndexBlocks()
    {
        ulong size = (ulong)Environment.SystemPageSize;
        ReadOnlySpan<ulong> checksums = CollectionsMarshal.AsSpan(_checksums);
        foreach (int unit in Units)
        {
            HashSet<ulong> blocks = [];
            for (int i = 0; i + unit <= _places.Count; i++)
            {
                if (_places[i] % (size * (ulong)unit) == 0 && _places[i + unit - 1] - _places[i] == (ulong)(unit - 1) * size)
                {
                    _ = blocks.Add(HashOf(checksums.Slice(i, unit)));
                }
            }

            _blocks.Add(unit, blocks);
        }
    }
}
