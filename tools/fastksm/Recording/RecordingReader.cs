using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace FastKsm.Cli.Recording;

/// <summary>
/// Reads a recording (<see cref="RecordingFormat"/>), which may be cut off, broken or made to do harm.
/// </summary>
/// <remarks>
/// Nothing is allocated by a count that the file claims: a list grows with what is really read, and a process may have
/// no more places than the changes of it name. So memory is bounded by a small multiple of the file's length. A change
/// must make sense: a page that goes was there, and places stay within their process.
/// </remarks>
internal sealed class RecordingReader
{
    private readonly Stream _input;
    private readonly string _file;
    private long _offset;

    private RecordingReader(string file, Stream input)
    {
        _file = file;
        _input = input;
    }

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its path, for messages.</param>
    /// <exception cref="ToolException">It cannot be read, or is no recording: one line with the place.</exception>
    internal static PageRecording Read(string file)
    {
        try
        {
            using FileStream input = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            return Read(file, input);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException(ExitCode.BadInput, $"replay: cannot read the recording: {exception.Message}");
        }
    }

    /// <summary>Reads a stream.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="input">The recording.</param>
    internal static PageRecording Read(string file, Stream input) => new RecordingReader(file, input).Read();

    private PageRecording Read()
    {
        Span<byte> magic = stackalloc byte[RecordingFormat.Magic.Length];
        Bytes(magic);
        if (!magic.SequenceEqual(RecordingFormat.Magic))
        {
            throw Bad(0, magic[..7].SequenceEqual(RecordingFormat.Magic[..7]) ? "a recording of another version" : "no recording of fastksm");
        }

        int pageSize = (int)Number("page size", 1 << 12, 1 << 16);
        if (pageSize is not (1 << 12 or 1 << 14 or 1 << 16))
        {
            throw Bad(_offset, $"page size {pageSize}, not 4096, 16384 or 65536");
        }

        RecordedSettings settings = new(
            (long)Number("pages_to_scan", 0, uint.MaxValue),
            (long)Number("sleep_millisecs", 0, uint.MaxValue),
            Number("smart_scan", 0, 1) == 1,
            (long)Number("advisor_target_scan_time", 0, uint.MaxValue),
            Number("use_zero_pages", 0, 1) == 1,
            (int)Number("max_page_sharing", 2, int.MaxValue));
        long shared = (long)Number("addresses left out", 0, long.MaxValue);
        List<RecordedProcess> processes = ReadProcesses();
        List<RecordedSample> samples = ReadSamples(processes);
        Span<byte> end = stackalloc byte[RecordingFormat.End.Length];
        Bytes(end);
        return end.SequenceEqual(RecordingFormat.End) && _input.ReadByte() < 0
            ? new PageRecording(pageSize, settings, shared, processes, samples)
            : throw Bad(_offset, "more than the recording says");
    }

    private List<RecordedProcess> ReadProcesses()
    {
        int count = (int)Number("number of processes", 0, RecordingFormat.MaxCount);
        List<RecordedProcess> processes = [];
        Span<char> name = stackalloc char[RecordingFormat.MaxName];
        for (int i = 0; i < count; i++)
        {
            int pid = (int)Number("pid", 1, int.MaxValue);
            int places = (int)Number("number of places", 0, int.MaxValue);
            int length = (int)Number("length of a name", 0, RecordingFormat.MaxName);
            for (int j = 0; j < length; j++)
            {
                name[j] = (char)Number("letter", 0, char.MaxValue);
            }

            processes.Add(new RecordedProcess(pid, name[..length].ToString(), places));
        }

        return processes;
    }

    private List<RecordedSample> ReadSamples(List<RecordedProcess> processes)
    {
        int count = (int)Number("number of samples", 1, RecordingFormat.MaxCount);
        List<RecordedSample> samples = [];
        HashSet<ulong>[] present = new HashSet<ulong>[processes.Count];
        int[] named = new int[processes.Count];
        long time = 0;
        for (int i = 0; i < count; i++)
        {
            time += (long)Number("time of a sample", i == 0 ? 0UL : 1, RecordingFormat.MaxMilliseconds);
            if (time > RecordingFormat.MaxMilliseconds || (i == 0 && time != 0))
            {
                throw Bad(_offset, $"sample {i} is at {time} ms; the first is at 0, the last within a year");
            }

            int changed = (int)Number("number of processes with changes", 0, (ulong)processes.Count);
            List<ProcessChanges> changes = [];
            long number = -1;
            for (int j = 0; j < changed; j++)
            {
                number += 1 + (long)Number("number of a process", 0, RecordingFormat.MaxCount);
                if (number >= processes.Count)
                {
                    throw Bad(_offset, $"process {number} of {processes.Count}");
                }

                int process = (int)number;
                changes.Add(new ProcessChanges(process, ReadChanges(processes[process], present[process] ??= [], ref named[process])));
            }

            samples.Add(new RecordedSample(TimeSpan.FromMilliseconds(time), changes));
        }

        for (int i = 0; i < named.Length; i++)
        {
            if (named[i] < processes[i].Places)
            {
                throw Bad(_offset, $"process {i} has {processes[i].Places} places, and {named[i]} are named");
            }
        }

        return samples;
    }

    private List<PageChange> ReadChanges(RecordedProcess process, HashSet<ulong> present, ref int named)
    {
        int count = (int)Number("number of changes", 1, (ulong)process.Places);
        List<PageChange> changes = [];
        Span<byte> fingerprint = stackalloc byte[sizeof(ulong)];
        ulong next = 0;
        for (int i = 0; i < count; i++)
        {
            ulong word = Number("place", 0, ulong.MaxValue);
            ulong place = next + (word >> 1);
            if (place >= (ulong)process.Places)
            {
                throw Bad(_offset, $"place {place} of a process that has {process.Places}");
            }

            next = place + 1;
            bool isGone = (word & 1) != 0;
            if (isGone)
            {
                if (!present.Remove(place))
                {
                    throw Bad(_offset, $"a page goes from place {place}, where none is");
                }

                changes.Add(new PageChange(place, 0, IsGone: true));
                continue;
            }

            Bytes(fingerprint);

            // At least as many as there are different places: so what a replay maps is bounded by what the file holds.
            named = present.Add(place) && named < process.Places ? named + 1 : named;
            changes.Add(new PageChange(place, BinaryPrimitives.ReadUInt64LittleEndian(fingerprint), IsGone: false));
        }

        return changes;
    }

    private ulong Number(string what, ulong least, ulong most)
    {
        long start = _offset;
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            int group = _input.ReadByte();
            if (group < 0)
            {
                throw Bad(_offset, $"the file ends where {what} is expected");
            }

            _offset++;
            if (shift > 63 || (shift == 63 && group > 1))
            {
                throw Bad(start, $"{what} is no number of 64 bits");
            }

            value |= (ulong)(group & 0x7f) << shift;
            if (group < 0x80)
            {
                break;
            }
        }

        return value >= least && value <= most
            ? value
            : throw Bad(start, string.Create(CultureInfo.InvariantCulture, $"{what} is {value}, not from {least} to {most}"));
    }

    private void Bytes(Span<byte> bytes)
    {
        int count = _input.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        _offset += count;
        if (count < bytes.Length)
        {
            throw Bad(_offset, "the file ends in the middle");
        }
    }

    private ToolException Bad(long offset, string what) =>
        new(ExitCode.BadInput, string.Create(CultureInfo.InvariantCulture, $"{_file}: no recording, at byte {offset}: {what}."));
}
