using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Offline;

/// <summary>Reads ELF core files (64 bits, little endian), as Linux and gdb's gcore write them.</summary>
/// <remarks>
/// What is anonymous: a stretch that no NT_FILE entry names. A stretch of a mapped file has pages of that file among those that the process has
/// written; <see cref="ImageSegment.Mapped"/> lets the collector tell them apart. The layout is that of elf.h.
/// </remarks>
internal static class CoreFile
{
    private const int HeaderBytes = 64;
    private const int EntryBytes = 56;
    private const int MostSegments = 1 << 20;
    private const uint TypeLoad = 1;
    private const uint TypeNote = 4;
    private const ushort TooManyForHeader = 0xFFFF;

    /// <summary>Opens one.</summary>
    /// <exception cref="ToolException">It can't be read, or is no core file that this reads.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The image owns the file.")]
    internal static MemoryImage Open(string path)
    {
        ImageFile file = ImageFile.Open(path);
        try
        {
            return Read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static MemoryImage Read(ImageFile file)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.Length < HeaderBytes)
        {
            throw file.Fault(0, "too short for an ELF file");
        }

        file.Read(0, header);
        CheckHeader(file, header);
        (List<Entry> loads, CoreNotes notes) = ReadEntries(file, header);
        List<ImageSegment> segments = [];
        foreach (Entry entry in loads)
        {
            Cut(file, entry, notes, segments);
        }

        string name = notes.Name.Length > 0 ? notes.Name : Path.GetFileName(file.Path);
        string arguments = notes.Arguments.Length > 0 ? notes.Arguments : name;
        return new MemoryImage(file.Path, notes.Pid, notes.UserId, name, $"{arguments} ({Path.GetFileName(file.Path)})", segments)
        {
            ZeroesMayBeAbsent = true,
        };
    }

    private static void CheckHeader(ImageFile file, ReadOnlySpan<byte> header)
    {
        const byte Class64 = 2;
        const byte LittleEndian = 1;
        const ushort Core = 4;
        if (!header.StartsWith("\u007fELF"u8))
        {
            throw file.Fault(0, "not an ELF file");
        }

        if (header[4] != Class64 || header[5] != LittleEndian)
        {
            throw file.Fault(4, "not a 64-bit little-endian ELF file, which is what is read");
        }

        if (Word16(header, 16) != Core)
        {
            throw file.Fault(16, "an ELF file, but no core (its type is not 4)");
        }

        if (Word16(header, 54) != EntryBytes)
        {
            throw file.Fault(54, FormattableString.Invariant($"program headers of {Word16(header, 54)} bytes instead of {EntryBytes}"));
        }
    }

    private static (List<Entry> Loads, CoreNotes Notes) ReadEntries(ImageFile file, ReadOnlySpan<byte> header)
    {
        ulong start = Word64(header, 32);
        uint count = CountOf(file, header);
        if (start > (ulong)file.Length || (ulong)count * EntryBytes > (ulong)file.Length - start)
        {
            throw file.Fault(32, FormattableString.Invariant($"{count} program headers at {start} go beyond the end of the file ({file.Length} bytes)"));
        }

        List<Entry> loads = [];
        CoreNotes notes = new();
        Span<byte> bytes = stackalloc byte[EntryBytes];
        ulong end = 0;
        ulong stored = 0;
        for (uint i = 0; i < count; i++)
        {
            long at = (long)start + (i * (long)EntryBytes);
            file.Read(at, bytes);
            Entry entry = new(Word32(bytes, 4), Word64(bytes, 8), Word64(bytes, 16), Word64(bytes, 32), Word64(bytes, 40), at);
            uint type = Word32(bytes, 0);
            if (type == TypeNote)
            {
                CheckStored(file, entry);
                notes.Read(file, (long)entry.Offset, (long)entry.FileSize);
            }
            else if (type == TypeLoad)
            {
                CheckLoad(file, entry, end);
                end = entry.Address + entry.MemorySize;
                stored += entry.FileSize;
                if (stored > (ulong)file.Length)
                {
                    throw file.Fault(at, "the segments so far have more bytes than the file: they overlap in it");
                }

                loads.Add(entry);
            }
        }

        return (loads, notes);
    }

    // More segments than 16 bits count stand in the first section header.
    private static uint CountOf(ImageFile file, ReadOnlySpan<byte> header)
    {
        uint count = Word16(header, 56);
        if (count == TooManyForHeader)
        {
            const int SectionBytes = 64;
            ulong sections = Word64(header, 40);
            if (sections == 0 || sections > (ulong)(file.Length - SectionBytes))
            {
                throw file.Fault(40, "the number of segments stands in a section header that is not there");
            }

            Span<byte> section = stackalloc byte[SectionBytes];
            file.Read((long)sections, section);
            count = Word32(section, 44);
        }

        return count <= MostSegments
            ? count
            : throw file.Fault(56, FormattableString.Invariant($"{count} segments; at most {MostSegments} are read"));
    }

    private static void CheckStored(ImageFile file, in Entry entry)
    {
        if (entry.Offset > (ulong)file.Length || entry.FileSize > (ulong)file.Length - entry.Offset)
        {
            throw file.Fault(
                entry.At,
                FormattableString.Invariant($"a segment of {entry.FileSize} bytes at {entry.Offset} goes beyond the end of the file ({file.Length} bytes): is it cut off?"));
        }
    }

    private static void CheckLoad(ImageFile file, in Entry entry, ulong end)
    {
        ulong mask = (ulong)Environment.SystemPageSize - 1;
        CheckStored(file, in entry);
        if (entry.FileSize > entry.MemorySize || entry.MemorySize > ulong.MaxValue - entry.Address)
        {
            throw file.Fault(entry.At, "a segment that is larger than its memory, or beyond the end of the addresses");
        }

        if (((entry.Address | entry.MemorySize) & mask) != 0 || (entry.FileSize & mask) != 0)
        {
            throw file.Fault(entry.At, FormattableString.Invariant($"a segment at {entry.Address:x} that is not whole pages of {mask + 1} bytes"));
        }

        if (entry.Address < end)
        {
            throw file.Fault(entry.At, FormattableString.Invariant($"a segment at {entry.Address:x} that begins before the end of the one before it"));
        }
    }

    // A stretch lies in one mapped file, or in none.
    private static void Cut(ImageFile file, in Entry entry, CoreNotes notes, List<ImageSegment> segments)
    {
        const ulong KernelHalf = 1UL << 63;
        ulong address = entry.Address;
        ulong end = entry.Address + entry.FileSize;
        while (address < end && address < KernelHalf)
        {
            CoreNotes.MappedRange? mapped = notes.Find(address, out ulong next);
            ulong until = Math.Min(end, next);
            Vma vma = new(address, entry.FileSize == 0 ? until : Math.Min(entry.Address + entry.MemorySize, Math.Max(next, until)), FlagsOf(entry.Flags), until - address, 0, mapped?.Path ?? string.Empty);
            segments.Add(new ImageSegment(
                vma with { End = Math.Max(vma.End, until) },
                address,
                file,
                (long)(entry.Offset + (address - entry.Address)),
                (long)(until - address),
                mapped?.Path,
                mapped is { } range ? (long)(range.Offset + (address - range.Start)) : 0,
                address == notes.KernelPage ? VmaEligibility.Special : VmaEligibility.Eligible));
            address = until;
        }
    }

    private static VmaFlags FlagsOf(uint flags) =>
        ((flags & 4) != 0 ? VmaFlags.Readable : VmaFlags.None)
        | ((flags & 2) != 0 ? VmaFlags.Writable : VmaFlags.None)
        | ((flags & 1) != 0 ? VmaFlags.Executable : VmaFlags.None);

    private static ushort Word16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint Word32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong Word64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    /// <summary>A program header.</summary>
    private readonly record struct Entry(uint Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize, long At);
}
