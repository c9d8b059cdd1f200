using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace FastKsm.Cli.Offline.Criu;

/// <summary>Reads the entries of one image file.</summary>
internal static class CriuFile
{
    /// <summary>Magic number of a list of stored pages.</summary>
    internal const uint Pagemap = 0x56084025;

    /// <summary>Magic number of a list of mappings.</summary>
    internal const uint Mappings = 0x57492820;

    /// <summary>Magic number of a process's state.</summary>
    internal const uint Core = 0x55053847;

    private const uint Common = 0x54564319; // Files of version 1.1 begin with it.
    private const int MostBytes = 256 << 20;

    /// <summary>The entries of a file.</summary>
    /// <exception cref="ToolException">It can't be read, is of another kind, or is broken.</exception>
    internal static List<ReadOnlyMemory<byte>> Read(string path, uint kind)
    {
        using ImageFile file = ImageFile.Open(path);
        if (file.Length > MostBytes)
        {
            throw file.Fault(0, FormattableString.Invariant($"{file.Length} bytes; at most {MostBytes} are read of such a file"));
        }

        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        int at = 0;
        uint magic = Take(file, bytes, ref at);
        magic = magic == Common ? Take(file, bytes, ref at) : magic;
        if (magic != kind)
        {
            throw file.Fault(0, FormattableString.Invariant($"an image of another kind: its magic number is {magic:x8} instead of {kind:x8}"));
        }

        List<ReadOnlyMemory<byte>> entries = [];
        while (at < bytes.Length)
        {
            int start = at;
            uint length = Take(file, bytes, ref at);
            if (length > bytes.Length - at)
            {
                throw file.Fault(start, FormattableString.Invariant($"an entry of {length} bytes, beyond the end of the file"));
            }

            entries.Add(bytes.AsMemory(at, (int)length));
            at += (int)length;
        }

        return entries;
    }

    private static uint Take(ImageFile file, ReadOnlySpan<byte> bytes, ref int at)
    {
        if (bytes.Length - at < sizeof(uint))
        {
            throw file.Fault(at, "the file ends within a number");
        }

        uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
        at += sizeof(uint);
        return value;
    }
}
