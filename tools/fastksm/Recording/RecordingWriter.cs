using System;
using System.Buffers.Binary;
using System.IO;

namespace FastKsm.Cli.Recording;

/// <summary>Writes a recording (<see cref="RecordingFormat"/>).</summary>
internal sealed class RecordingWriter
{
    private readonly Stream _output;

    private RecordingWriter(Stream output) => _output = output;

    /// <summary>Writes it.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="output">Receives it, in small pieces: a stream with a buffer.</param>
    internal static void Write(PageRecording recording, Stream output) => new RecordingWriter(output).Write(recording);

    private void Write(PageRecording recording)
    {
        RecordedSettings settings = recording.Settings;
        _output.Write(RecordingFormat.Magic);
        Number((ulong)recording.PageSize);
        Number((ulong)settings.PagesToScan);
        Number((ulong)settings.SleepMilliseconds);
        Number(settings.SmartScan ? 1UL : 0);
        Number((ulong)settings.AdvisorTargetSeconds);
        Number(settings.UseZeroPages ? 1UL : 0);
        Number((ulong)settings.MaxPageSharing);
        Number((ulong)recording.SharedByFork);
        Number((ulong)recording.Processes.Count);
        foreach (RecordedProcess process in recording.Processes)
        {
            string name = process.Name.Length > RecordingFormat.MaxName ? process.Name[..RecordingFormat.MaxName] : process.Name;
            Number((ulong)process.Pid);
            Number((ulong)process.Places);
            Number((ulong)name.Length);
            foreach (char letter in name)
            {
                Number(letter);
            }
        }

        Number((ulong)recording.Samples.Count);
        TimeSpan last = TimeSpan.Zero;
        foreach (RecordedSample sample in recording.Samples)
        {
            Number((ulong)(long)(sample.Time - last).TotalMilliseconds);
            last += TimeSpan.FromMilliseconds((long)(sample.Time - last).TotalMilliseconds);
            Number((ulong)sample.Processes.Count);
            int number = -1;
            foreach (ProcessChanges process in sample.Processes)
            {
                Number((ulong)(process.Process - number - 1));
                number = process.Process;
                Write(process);
            }
        }

        _output.Write(RecordingFormat.End);
    }

    private void Write(ProcessChanges process)
    {
        Span<byte> fingerprint = stackalloc byte[sizeof(ulong)];
        Number((ulong)process.Changes.Count);
        long place = -1;
        foreach (PageChange change in process.Changes)
        {
            Number(((ulong)((long)change.Place - place - 1) << 1) | (change.IsGone ? 1UL : 0));
            place = (long)change.Place;
            if (!change.IsGone)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(fingerprint, change.Fingerprint);
                _output.Write(fingerprint);
            }
        }
    }

    private void Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _output.WriteByte((byte)(value | 0x80));
        }

        _output.WriteByte((byte)value);
    }
}
