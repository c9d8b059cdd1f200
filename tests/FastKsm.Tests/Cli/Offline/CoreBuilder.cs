using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace FastKsm.Tests.Cli.Offline;

/// <summary>Writes ELF cores of processes that never were.</summary>
internal sealed class CoreBuilder
{
    private readonly List<(ulong Address, uint Flags, byte[] Bytes, ulong MemorySize)> _segments = [];
    private readonly List<(ulong Start, ulong End, ulong Page, string Path)> _files = [];

    internal CoreBuilder Segment(ulong address, byte[] bytes, uint flags = 6, ulong memorySize = 0)
    {
        _segments.Add((address, flags, bytes, Math.Max(memorySize, (ulong)bytes.Length)));
        return this;
    }

    internal CoreBuilder Mapped(ulong start, ulong end, ulong page, string path)
    {
        _files.Add((start, end, page, path));
        return this;
    }

    /// <summary>The bytes of the file.</summary>
    internal byte[] Build()
    {
        byte[] notes = [.. Note(3, ProcessNote()), .. _files.Count > 0 ? Note(0x46494C45, FileNote()) : []];
        int headers = 64 + (56 * (_segments.Count + 1));
        int data = (headers + notes.Length + 4095) / 4096 * 4096;
        using MemoryStream file = new();
        using BinaryWriter writer = new(file);
        writer.Write((byte[])[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        writer.Write((ushort)4);
        writer.Write((ushort)62);
        writer.Write(1);
        writer.Write(0UL);
        writer.Write(64UL);
        writer.Write(0UL);
        writer.Write(0);
        writer.Write((ushort)64);
        writer.Write((ushort)56);
        writer.Write((ushort)(_segments.Count + 1));
        writer.Write((ushort)0);
        writer.Write(0);
        Header(writer, 4, 0, (ulong)headers, 0, (ulong)notes.Length, (ulong)notes.Length);
        ulong offset = (ulong)data;
        foreach ((ulong address, uint flags, byte[] bytes, ulong memorySize) in _segments)
        {
            Header(writer, 1, flags, offset, address, (ulong)bytes.Length, memorySize);
            offset += (ulong)bytes.Length;
        }

        writer.Write(notes);
        writer.Write(new byte[data - headers - notes.Length]);
        foreach ((_, _, byte[] bytes, _) in _segments)
        {
            writer.Write(bytes);
        }

        return file.ToArray();
    }

    private static void Header(BinaryWriter writer, uint type, uint flags, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        writer.Write(type);
        writer.Write(flags);
        writer.Write(offset);
        writer.Write(address);
        writer.Write(0UL);
        writer.Write(fileSize);
        writer.Write(memorySize);
        writer.Write(4096UL);
    }

    private static byte[] Note(uint type, byte[] body)
    {
        byte[] padding = new byte[(4 - (body.Length % 4)) % 4];
        return [.. BitConverter.GetBytes(5), .. BitConverter.GetBytes(body.Length), .. BitConverter.GetBytes(type), .. "CORE\0\0\0\0"u8, .. body, .. padding];
    }

    private static byte[] ProcessNote()
    {
        byte[] note = new byte[136];
        _ = BitConverter.TryWriteBytes(note.AsSpan(16), 1000);
        _ = BitConverter.TryWriteBytes(note.AsSpan(24), 4711);
        "worker"u8.CopyTo(note.AsSpan(40));
        "/usr/bin/worker --all"u8.CopyTo(note.AsSpan(56));
        return note;
    }

    private byte[] FileNote()
    {
        List<byte> note = [.. BitConverter.GetBytes((ulong)_files.Count), .. BitConverter.GetBytes(4096UL)];
        foreach ((ulong start, ulong end, ulong page, _) in _files)
        {
            note.AddRange(BitConverter.GetBytes(start));
            note.AddRange(BitConverter.GetBytes(end));
            note.AddRange(BitConverter.GetBytes(page));
        }

        foreach ((_, _, _, string path) in _files)
        {
            note.AddRange(Encoding.UTF8.GetBytes(path + "\0"));
        }

        return [.. note];
    }
}
