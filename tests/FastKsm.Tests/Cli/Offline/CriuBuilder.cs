using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace FastKsm.Tests.Cli.Offline;

/// <summary>Writes checkpoint images of processes that never were.</summary>
internal static class CriuBuilder
{
    private const uint Common = 0x54564319;

    /// <summary>The files of a process.</summary>
    internal static IReadOnlyDictionary<string, byte[]> Process(
        int pid, int pagesId, string name, (ulong Start, ulong End, uint Protection, uint Flags, uint Status)[] vmas,
        (ulong Address, int Count, uint? Flags, bool InParent)[] stretches, byte[] pages)
    {
        List<byte[]> entries = [Message((1, (ulong)pagesId))];
        foreach ((ulong address, int count, uint? flags, bool inParent) in stretches)
        {
            byte[] entry = Message((1, address), (2, (ulong)count));
            entries.Add([.. entry, .. inParent ? Message((3, 1)) : [], .. flags is { } known ? Message((4, known)) : []]);
        }

        List<byte> mappings = [.. Message((1, 0x400000), (12, 3))];
        foreach ((ulong start, ulong end, uint protection, uint flags, uint status) in vmas)
        {
            mappings.AddRange(Text(14, Message((1, start), (2, end), (3, 0), (4, 0), (5, protection), (6, flags), (7, status), (8, 1))));
        }

        byte[] task = [.. Message((1, 1), (2, 0), (5, 7)), .. Text(6, Encoding.UTF8.GetBytes(name))];
        return new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            [$"pagemap-{pid}.img"] = Image(0x56084025, [.. entries]),
            [$"mm-{pid}.img"] = Image(0x57492820, [.. mappings]),
            [$"core-{pid}.img"] = Image(0x55053847, [.. Message((1, 1)), .. Text(3, task)]),
            [$"pages-{pagesId}.img"] = pages,
        };
    }

    private static byte[] Image(uint magic, params byte[][] entries)
    {
        using MemoryStream file = new();
        using BinaryWriter writer = new(file);
        writer.Write(Common);
        writer.Write(magic);
        foreach (byte[] entry in entries)
        {
            writer.Write(entry.Length);
            writer.Write(entry);
        }

        return file.ToArray();
    }

    private static byte[] Message(params (int Field, ulong Value)[] fields)
    {
        List<byte> bytes = [];
        foreach ((int field, ulong value) in fields)
        {
            bytes.AddRange(Varint((ulong)field << 3));
            bytes.AddRange(Varint(value));
        }

        return [.. bytes];
    }

    private static byte[] Text(int field, byte[] bytes) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)bytes.Length), .. bytes];

    private static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}
