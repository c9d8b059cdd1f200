using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Linq;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Offline.Criu;

/// <summary>Reads a directory of checkpoint images: each process in it is one <see cref="MemoryImage"/>.</summary>
internal static class CriuDump
{
    private const string Prefix = "pagemap-";
    private const string Suffix = ".img";

    // Flags of a stretch of pages.
    private const ulong InParent = 1;
    private const ulong Present = 4;

    /// <summary>Opens all processes of a directory, by id.</summary>
    /// <exception cref="ToolException">There is none, or an image is broken.</exception>
    internal static IReadOnlyList<MemoryImage> Open(string directory)
    {
        List<int> pids = [];
        try
        {
            foreach (string path in Directory.EnumerateFiles(directory, Prefix + "*" + Suffix))
            {
                string name = Path.GetFileName(path);
                if (int.TryParse(name[Prefix.Length..^Suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
                {
                    pids.Add(pid);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            throw new ToolException(ExitCode.BadInput, $"{directory}: no such directory.");
        }

        if (pids.Count == 0)
        {
            throw new ToolException(ExitCode.BadInput, $"{directory}: no pagemap-PID.img in it: not a directory of checkpoint images.");
        }

        pids.Sort();
        List<MemoryImage> images = [];
        try
        {
            foreach (int pid in pids)
            {
                images.Add(OpenProcess(directory, pid));
            }
        }
        catch
        {
            images.ForEach(image => image.Dispose());
            throw;
        }

        return images;
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The image owns the file.")]
    private static MemoryImage OpenProcess(string directory, int pid)
    {
        string pagemap = Path.Combine(directory, FormattableString.Invariant($"{Prefix}{pid}{Suffix}"));
        List<ReadOnlyMemory<byte>> entries = CriuFile.Read(pagemap, CriuFile.Pagemap);
        List<(Vma Vma, VmaEligibility Eligibility)> vmas = ReadVmas(Path.Combine(directory, FormattableString.Invariant($"mm-{pid}{Suffix}")));
        ulong pagesId = entries.Count == 0 ? throw Broken(pagemap, "it has no head") : HeadOf(pagemap, entries[0]);
        ImageFile pages = ImageFile.Open(Path.Combine(directory, FormattableString.Invariant($"pages-{pagesId}{Suffix}")));
        try
        {
            List<ImageSegment> segments = [];
            long elsewhere = ReadSegments(pagemap, entries, pages, vmas, segments);
            if (segments.Count == 0)
            {
                pages.Dispose(); // No segment owns it.
            }

            string name = NameOf(Path.Combine(directory, FormattableString.Invariant($"core-{pid}{Suffix}")));
            return new MemoryImage(directory, pid, 0, name, $"{name} ({directory})", segments) { PagesElsewhere = elsewhere };
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    private static long ReadSegments(
        string path, List<ReadOnlyMemory<byte>> entries, ImageFile pages, List<(Vma Vma, VmaEligibility Eligibility)> vmas, List<ImageSegment> segments)
    {
        ulong size = (ulong)Environment.SystemPageSize;
        ulong end = 0;
        long offset = 0;
        long elsewhere = 0;
        for (int i = 1; i < entries.Count; i++)
        {
            (ulong address, ulong count, ulong? flags, bool inParent) = StretchOf(path, entries[i].Span, i);
            if (address % size != 0 || address < end || count > (ulong.MaxValue - address) / size || count > long.MaxValue / size)
            {
                throw Broken(path, FormattableString.Invariant($"entry {i}, {count} pages at {address:x}, is not in order, not at a page, or beyond the end of the addresses"));
            }

            end = address + (count * size);
            if (inParent || (flags is { } known && ((known & InParent) != 0 || (known & Present) == 0)))
            {
                elsewhere += (long)count;
                continue;
            }

            long length = (long)(count * size);
            if (length > pages.Length - offset)
            {
                throw Broken(path, FormattableString.Invariant($"entry {i} has {count} pages beyond the end of {Path.GetFileName(pages.Path)} ({pages.Length} bytes)"));
            }

            Cut(address, length, offset, pages, vmas, segments);
            offset += length;
        }

        return elsewhere;
    }

    // Along the mappings; pages outside of all are in none that is known, and count as anonymous.
    private static void Cut(
        ulong address, long length, long offset, ImageFile pages, List<(Vma Vma, VmaEligibility Eligibility)> vmas, List<ImageSegment> segments)
    {
        while (length > 0)
        {
            int at = vmas.FindIndex(vma => vma.Vma.End > address);
            ulong end = address + (ulong)length;
            (Vma Vma, VmaEligibility Eligibility) of = at >= 0 && vmas[at].Vma.Start <= address
                ? vmas[at]
                : (new Vma(address, at >= 0 ? Math.Min(end, vmas[at].Vma.Start) : end, VmaFlags.Readable | VmaFlags.Writable, 0, 0, string.Empty), VmaEligibility.Eligible);
            long part = (long)Math.Min((ulong)length, of.Vma.End - address);
            segments.Add(new ImageSegment(of.Vma, address, pages, offset, part, Eligibility: of.Eligibility));
            address += (ulong)part;
            offset += part;
            length -= part;
        }
    }

    private static ulong HeadOf(string path, ReadOnlyMemory<byte> entry)
    {
        ProtobufReader reader = new(entry.Span);
        ulong? id = null;
        while (reader.Next())
        {
            id = reader.Field == 1 ? reader.Number : id;
        }

        return reader.IsBroken || id is null ? throw Broken(path, "its head is broken") : id.Value;
    }

    private static (ulong Address, ulong Count, ulong? Flags, bool InParent) StretchOf(string path, ReadOnlySpan<byte> entry, int index)
    {
        ProtobufReader reader = new(entry);
        ulong? address = null;
        ulong count = 0;
        ulong? flags = null;
        bool inParent = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    address = reader.Number;
                    break;
                case 2 or 5: // 32 bits at first, 64 bits in newer images.
                    count = Math.Max(count, reader.Number);
                    break;
                case 3:
                    inParent = reader.Number != 0;
                    break;
                case 4:
                    flags = reader.Number;
                    break;
                default:
                    break;
            }
        }

        return reader.IsBroken || address is null
            ? throw Broken(path, FormattableString.Invariant($"entry {index} is broken"))
            : (address.Value, count, flags, inParent);
    }

    private static List<(Vma Vma, VmaEligibility Eligibility)> ReadVmas(string path)
    {
        const int VmaField = 14;
        List<(Vma Vma, VmaEligibility Eligibility)> vmas = [];
        foreach (ReadOnlyMemory<byte> entry in CriuFile.Read(path, CriuFile.Mappings))
        {
            ProtobufReader reader = new(entry.Span);
            while (reader.Next())
            {
                if (reader.Field == VmaField)
                {
                    vmas.Add(VmaOf(path, reader.Bytes, vmas.Count));
                }
            }

            if (reader.IsBroken)
            {
                throw Broken(path, "its message is broken");
            }
        }

        return [.. vmas.OrderBy(vma => vma.Vma.Start)];
    }

    private static (Vma Vma, VmaEligibility Eligibility) VmaOf(string path, ReadOnlySpan<byte> bytes, int index)
    {
        const ulong MapShared = 1;
        const ulong KernelArea = (1 << 2) | (1 << 3) | (1 << 12); // vsyscall, vDSO, vvar
        const ulong Heap = 1 << 5;
        const ulong Stack = 1 << 1;
        ulong start = 0;
        ulong end = 0;
        ulong protection = 0;
        ulong flags = 0;
        ulong status = 0;
        ProtobufReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    start = reader.Number;
                    break;
                case 2:
                    end = reader.Number;
                    break;
                case 5:
                    protection = reader.Number;
                    break;
                case 6:
                    flags = reader.Number;
                    break;
                case 7:
                    status = reader.Number;
                    break;
                default:
                    break;
            }
        }

        if (reader.IsBroken || end <= start || ((start | end) & ((ulong)Environment.SystemPageSize - 1)) != 0)
        {
            throw Broken(path, FormattableString.Invariant($"mapping {index} is broken: {start:x} to {end:x} is no range of whole pages"));
        }

        VmaFlags access = ((protection & 1) != 0 ? VmaFlags.Readable : VmaFlags.None)
            | ((protection & 2) != 0 ? VmaFlags.Writable : VmaFlags.None)
            | ((protection & 4) != 0 ? VmaFlags.Executable : VmaFlags.None);
        string name = (status & Heap) != 0 ? "[heap]" : (status & Stack) != 0 ? "[stack]" : string.Empty;
        VmaEligibility eligibility = (status & KernelArea) != 0 ? VmaEligibility.Special
            : (flags & MapShared) != 0 ? VmaEligibility.Shared
            : VmaEligibility.Eligible;
        return (new Vma(start, end, access, 0, 0, name), eligibility);
    }

    private static string NameOf(string path)
    {
        const int TaskField = 3;
        const int NameField = 6;
        string name = string.Empty;
        foreach (ReadOnlyMemory<byte> entry in CriuFile.Read(path, CriuFile.Core))
        {
            ProtobufReader reader = new(entry.Span);
            while (reader.Next())
            {
                ProtobufReader task = new(reader.Field == TaskField ? reader.Bytes : default);
                while (task.Next())
                {
                    name = task.Field == NameField ? HostText.Decode(task.Bytes) : name;
                }
            }
        }

        return name;
    }

    private static ToolException Broken(string path, string what) => new(ExitCode.BadInput, $"{path}: {what}.");
}
