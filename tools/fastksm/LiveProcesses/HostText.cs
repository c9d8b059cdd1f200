using System;
using System.Buffers;
using System.Text;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Text that the host gives as bytes: names of processes and files, which need not be UTF-8.</summary>
internal static class HostText
{
    /// <summary>Bytes that are no UTF-8 are kept as code units that stand for nothing else: this one and the byte, DC80 to DCFF.</summary>
    internal const int BrokenByteBase = 0xdc00;

    /// <summary>Decodes; no two texts of bytes become equal.</summary>
    internal static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Ascii.IsValid(bytes))
        {
            return Encoding.ASCII.GetString(bytes);
        }

        StringBuilder text = new(bytes.Length);
        Span<char> pair = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int taken) == OperationStatus.Done)
            {
                _ = text.Append(pair[..rune.EncodeToUtf16(pair)]);
            }
            else
            {
                taken = 1;
                _ = text.Append((char)(BrokenByteBase + bytes[0]));
            }

            bytes = bytes[taken..];
        }

        return text.ToString();
    }
}
