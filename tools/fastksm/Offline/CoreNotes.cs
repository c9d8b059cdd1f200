using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Offline;

/// <summary>
/// What the notes of a core file say: which process it was, which files it had mapped, where the kernel's own page lay.
/// </summary>
/// <remarks>Thread safety: read only once it is filled.</remarks>
internal sealed class CoreNotes
{
    private const uint ProcessNote = 3; // NT_PRPSINFO
    private const uint AuxiliaryNote = 6; // NT_AUXV
    private const uint FileNote = 0x46494C45; // NT_FILE
    private const int MostBytes = 64 << 20;
    private const int HeadBytes = 12;

    private readonly List<MappedRange> _mapped = [];

    /// <summary>The process's id; 0 where it is not told.</summary>
    internal int Pid { get; private set; }

    /// <summary>Its user.</summary>
    internal uint UserId { get; private set; }

    /// <summary>Its name.</summary>
    internal string Name { get; private set; } = string.Empty;

    /// <summary>The beginning of its arguments.</summary>
    internal string Arguments { get; private set; } = string.Empty;

    /// <summary>Address of the vDSO; null where it is not told, as in cores of a virtual machine, whose memory begins at
    /// address 0.</summary>
    internal ulong? KernelPage { get; private set; }

    /// <summary>Reads a segment of notes.</summary>
    /// <exception cref="ToolException">It is broken.</exception>
    internal void Read(ImageFile file, long offset, long length)
    {
        if (length > MostBytes)
        {
            throw file.Fault(offset, FormattableString.Invariant($"{length} bytes of notes; at most {MostBytes} are read"));
        }

        byte[] bytes = new byte[length];
        file.Read(offset, bytes);
        int at = 0;
        while (bytes.Length - at >= HeadBytes)
        {
            uint nameLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
            uint bodyLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4));
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8));
            long body = at + HeadBytes + Padded(nameLength);
            if (body > bytes.Length || bodyLength > bytes.Length - body)
            {
                throw file.Fault(offset + at, "a note that is longer than its segment");
            }

            ReadOnlySpan<byte> name = bytes.AsSpan(at + HeadBytes, (int)Math.Min(nameLength, (uint)(bytes.Length - at - HeadBytes)));
            if (name.SequenceEqual("CORE\0"u8))
            {
                Take(file, offset + body, type, bytes.AsSpan((int)body, (int)bodyLength));
            }

            long next = body + Padded(bodyLength);
            at = (int)Math.Min(next, bytes.Length);
        }
    }

    /// <summary>The mapped file at an address; null for none.</summary>
    /// <param name="address">The address.</param>
    /// <param name="next">The first address behind at which that may be otherwise.</param>
    internal MappedRange? Find(ulong address, out ulong next)
    {
        int low = 0;
        int high = _mapped.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_mapped[middle].End <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low == _mapped.Count)
        {
            next = ulong.MaxValue;
            return null;
        }

        bool isInside = _mapped[low].Start <= address;
        next = isInside ? _mapped[low].End : _mapped[low].Start;
        return isInside ? _mapped[low] : null;
    }

    private static long Padded(uint length) => ((long)length + 3) & ~3L;

    private void Take(ImageFile file, long at, uint type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case ProcessNote:
                TakeProcess(body);
                break;
            case AuxiliaryNote:
                TakeAuxiliary(body);
                break;
            case FileNote:
                TakeFiles(file, at, body);
                break;
            default:
                break;
        }
    }

    // struct elf_prpsinfo with 64-bit longs: user at 16, pid at 24, name at 40, arguments at 56.
    private void TakeProcess(ReadOnlySpan<byte> body)
    {
        const int WholeBytes = 136;
        if (body.Length < WholeBytes)
        {
            return; // Of another layout: the process stays nameless.
        }

        UserId = BinaryPrimitives.ReadUInt32LittleEndian(body[16..]);
        Pid = Math.Max(0, BinaryPrimitives.ReadInt32LittleEndian(body[24..]));
        Name = Text(body.Slice(40, 16));
        Arguments = Text(body.Slice(56, 80)).TrimEnd(' ');
    }

    private void TakeAuxiliary(ReadOnlySpan<byte> body)
    {
        const ulong AddressOfKernelPage = 33; // AT_SYSINFO_EHDR
        for (; body.Length >= 16; body = body[16..])
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(body) == AddressOfKernelPage)
            {
                KernelPage = BinaryPrimitives.ReadUInt64LittleEndian(body[8..]);
            }
        }
    }

    // Count and page size; for each its start, its end and its offset in pages; then the names.
    private void TakeFiles(ImageFile file, long at, ReadOnlySpan<byte> body)
    {
        const int Head = 16;
        const int Item = 24;
        ulong count = body.Length < Head ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(body);
        if (body.Length < Head || count > (ulong)(body.Length - Head) / Item)
        {
            throw file.Fault(at, FormattableString.Invariant($"a list of {count} mapped files in a note of {body.Length} bytes"));
        }

        ulong pageSize = BinaryPrimitives.ReadUInt64LittleEndian(body[8..]);
        ReadOnlySpan<byte> names = body[(Head + ((int)count * Item))..];
        ulong mask = (ulong)Environment.SystemPageSize - 1;
        ulong end = 0;
        for (int i = 0; i < (int)count; i++)
        {
            ReadOnlySpan<byte> item = body[(Head + (i * Item))..];
            ulong start = BinaryPrimitives.ReadUInt64LittleEndian(item);
            ulong stop = BinaryPrimitives.ReadUInt64LittleEndian(item[8..]);
            ulong pages = BinaryPrimitives.ReadUInt64LittleEndian(item[16..]);
            int length = names.IndexOf((byte)0);
            if (length < 0 || start < end || stop <= start || ((start | stop) & mask) != 0 || (pageSize != 0 && pages > long.MaxValue / pageSize))
            {
                throw file.Fault(at + Head + (i * Item), "an entry of the list of mapped files without a name, out of order, not of whole pages, or beyond any file");
            }

            _mapped.Add(new MappedRange(start, stop, pages * pageSize, HostText.Decode(names[..length])));
            names = names[(length + 1)..];
            end = stop;
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return HostText.Decode(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>A mapped file.</summary>
    /// <param name="Start">First address.</param>
    /// <param name="End">First address behind.</param>
    /// <param name="Offset">Where in the file it begins, in bytes.</param>
    /// <param name="Path">The file.</param>
    internal readonly record struct MappedRange(ulong Start, ulong End, ulong Offset, string Path);
}
