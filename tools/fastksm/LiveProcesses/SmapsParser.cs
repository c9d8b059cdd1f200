using System;
using System.Buffers;
using System.Buffers.Text;
using System.Collections.Generic;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Turns the text of <c>/proc/PID/smaps</c>, fed in pieces of any size, into VMAs.</summary>
/// <remarks>
/// smaps rather than maps, because only smaps shows the VMA flags. A process with 60,000 VMAs has 40 MB of it, so lines
/// are parsed as bytes and only names become strings (equal neighbours share one).
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed class SmapsParser
{
    private const int LongestLine = 64 * 1024;

    private readonly List<Vma> _vmas;
    private readonly ArrayBufferWriter<byte> _partialLine = new(256);
    private Vma _current;
    private bool _hasCurrent;
    private string _lastName = string.Empty;
    private byte[] _lastNameBytes = [];

    /// <param name="vmas">Receives the VMAs, in ascending order of address.</param>
    internal SmapsParser(List<Vma> vmas) => _vmas = vmas;

    /// <summary>Takes the next piece of text.</summary>
    internal void Feed(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            int end = text.IndexOf((byte)'\n');
            if (end < 0)
            {
                // A line without end is not smaps; it is dropped rather than collected for ever.
                if (_partialLine.WrittenCount + text.Length <= LongestLine)
                {
                    _partialLine.Write(text);
                }

                return;
            }

            if (_partialLine.WrittenCount == 0)
            {
                Line(text[..end]);
            }
            else
            {
                _partialLine.Write(text[..end]);
                Line(_partialLine.WrittenSpan);
                _partialLine.ResetWrittenCount();
            }

            text = text[(end + 1)..];
        }
    }

    /// <summary>Takes the end of the text.</summary>
    internal void Complete()
    {
        if (_hasCurrent)
        {
            _vmas.Add(_current);
            _hasCurrent = false;
        }
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            return;
        }

        // Field names start with a capital letter, addresses are lower-case hexadecimal.
        if (line[0] is >= (byte)'A' and <= (byte)'Z')
        {
            Field(line);
        }
        else
        {
            Header(line);
        }
    }

    // 7f1c2a000000-7f1c2a021000 rw-p 00000000 00:00 0      [name or path]
    private void Header(ReadOnlySpan<byte> line)
    {
        Complete();
        if (!Utf8Parser.TryParse(line, out ulong start, out int startLength, 'x')
            || startLength >= line.Length || line[startLength] != (byte)'-'
            || !Utf8Parser.TryParse(line[(startLength + 1)..], out ulong end, out _, 'x')
            || end <= start)
        {
            return; // Not a header that we know: its fields are ignored too, since there is no current VMA.
        }

        _current = new Vma(start, end, VmaFlags.None, 0, 0, Name(line));
        _hasCurrent = true;
    }

    private string Name(ReadOnlySpan<byte> line)
    {
        for (int field = 0; field < 5; field++)
        {
            int space = line.IndexOf((byte)' ');
            if (space < 0)
            {
                return string.Empty;
            }

            line = line[(space + 1)..].TrimStart((byte)' ');
        }

        // Neighbours are mostly pieces of one file; a mapping in 60,000 pieces holds one string.
        if (!line.SequenceEqual(_lastNameBytes))
        {
            _lastNameBytes = line.ToArray();
            _lastName = HostText.Decode(line);
        }

        return _lastName;
    }

    private void Field(ReadOnlySpan<byte> line)
    {
        if (!_hasCurrent)
        {
            return;
        }

        if (line.StartsWith("VmFlags:"u8))
        {
            _current = _current with { Flags = Flags(line["VmFlags:".Length..]) };
        }
        else if (line.StartsWith("Anonymous:"u8))
        {
            _current = _current with { AnonymousBytes = Kilobytes(line["Anonymous:".Length..]) };
        }
        else if (line.StartsWith("AnonHugePages:"u8))
        {
            _current = _current with { HugeBytes = Kilobytes(line["AnonHugePages:".Length..]) };
        }
        else if (line.StartsWith("KSM:"u8))
        {
            _current = _current with { KsmBytes = Kilobytes(line["KSM:".Length..]), TellsKsm = true };
        }
        else if (line.StartsWith("Pss:"u8))
        {
            _current = _current with { ProportionalBytes = Kilobytes(line["Pss:".Length..]) };
        }
        else if (line.StartsWith("Swap:"u8))
        {
            _current = _current with { SwappedBytes = Kilobytes(line["Swap:".Length..]) };
        }
        else if (line.StartsWith("Shared_Hugetlb:"u8) || line.StartsWith("Private_Hugetlb:"u8))
        {
            ulong bytes = Kilobytes(line[(line.IndexOf((byte)':') + 1)..]);
            _current = _current with { HugeTlbBytes = _current.HugeTlbBytes + bytes };
        }
    }

    private static ulong Kilobytes(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value.TrimStart((byte)' '), out ulong kilobytes, out _) ? kilobytes * 1024 : 0;

    private static VmaFlags Flags(ReadOnlySpan<byte> codes)
    {
        VmaFlags flags = VmaFlags.None;
        codes = codes.Trim((byte)' ');
        for (; codes.Length >= 2; codes = codes[2..].TrimStart((byte)' '))
        {
            flags |= (codes[0], codes[1]) switch
            {
                ((byte)'r', (byte)'d') => VmaFlags.Readable,
                ((byte)'w', (byte)'r') => VmaFlags.Writable,
                ((byte)'e', (byte)'x') => VmaFlags.Executable,
                ((byte)'s', (byte)'h') => VmaFlags.Shared,
                ((byte)'m', (byte)'s') => VmaFlags.MayShare,
                ((byte)'h', (byte)'t') => VmaFlags.HugeTlb,
                ((byte)'i', (byte)'o') or ((byte)'p', (byte)'f') or ((byte)'m', (byte)'m') => VmaFlags.Device,
                ((byte)'d', (byte)'e') => VmaFlags.DontExpand,
                ((byte)'d', (byte)'p') => VmaFlags.Droppable,
                ((byte)'m', (byte)'g') => VmaFlags.Mergeable,
                ((byte)'u', (byte)'m') => VmaFlags.Userfault,
                ((byte)'l', (byte)'o') => VmaFlags.Locked,
                _ => VmaFlags.None,
            };
        }

        return flags;
    }
}
