using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using FastKsm.Cli;
using FastKsm.Cli.Recording;
using Xunit;

namespace FastKsm.Tests.Cli.Recording;

/// <summary>Files of recordings: what was written is read, and what was not written so is one error.</summary>
public sealed class RecordingFileTests
{
    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            PageRecording recording = Recordings.Random(seed);

            PageRecording again = Recordings.Read(Recordings.Bytes(recording));

            Assert.Equal(Text(recording), Text(again));
        }
    }

    [Fact]
    public void Write_Recording_HoldsNoAddressAndNoChecksum()
    {
        KeyedFingerprint key = KeyedFingerprint.Draw();
        const ulong Checksum = 0x1122334455667788;
        const ulong Address = 0x7f1234567;
        PageTimeline timeline = new();
        timeline.Begin(TimeSpan.Zero);
        timeline.Add(7, 1, "secret", [(Address, key.Of(Checksum)), (Address + 0x1000, key.Of(Checksum + 1))]);
        timeline.End();

        byte[] bytes = Recordings.Bytes(timeline.ToRecording(4096, Recordings.Settings, 0));

        Assert.True(bytes.AsSpan().IndexOf(BitConverter.GetBytes(Checksum)) < 0);
        Assert.True(bytes.AsSpan().IndexOf(BitConverter.GetBytes(Address).AsSpan(0, 5)) < 0);
        Assert.Equal([0UL, 1UL], Recordings.Read(bytes).Samples[0].Processes[0].Changes.Select(change => change.Place));
    }

    [Theory]
    [InlineData("", "at byte 0: the file ends in the middle")]
    [InlineData("hello, world", "at byte 0: no recording of fastksm")]
    [InlineData("FKSMREC9", "at byte 0: a recording of another version")]
    [InlineData("FKSMREC1", "at byte 8: the file ends where page size is expected")]
    public void Read_OtherFiles_AreOneError(string text, string expected)
    {
        ToolException error = Assert.Throws<ToolException>(() => Recordings.Read(Encoding.ASCII.GetBytes(text)));

        Assert.Equal((ExitCode.BadInput, $"file: no recording, {expected}."), (error.ExitCode, error.Message));
    }

    [Fact]
    public void Read_AnythingCutOff_IsOneError()
    {
        byte[] whole = Recordings.Bytes(Recordings.Random(3));
        for (int length = 0; length < whole.Length; length++)
        {
            ToolException error = Assert.Throws<ToolException>(() => Recordings.Read(whole[..length]));
            Assert.Contains("no recording, at byte ", error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ToolException>(() => Recordings.Read([.. whole, 0]));
    }

    // Random bytes at random places, most of them in the counts at the beginning: read, or refused, within memory that
    // the file's length bounds.
    [Fact]
    public void Read_Mutated_IsReadOrOneErrorInBoundedMemory()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        Random random = new(seed);
        byte[][] originals = [.. Enumerable.Range(0, 20).Select(i => Recordings.Bytes(Recordings.Random(i)))];
        int refused = 0;
        const int Mutants = 20_000;
        long most = 0;
        for (int i = 0; i < Mutants; i++)
        {
            byte[] mutant = [.. originals[i % originals.Length]];
            for (int j = 0; j <= random.Next(4); j++)
            {
                mutant[random.Next(random.Next(2) == 0 ? mutant.Length : Math.Min(mutant.Length, 48))] = (byte)random.Next(256);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                PageRecording recording = Recordings.Read(mutant);
                Assert.All(recording.Processes, process => Assert.InRange(process.Places, 0, mutant.Length));
            }
            catch (ToolException error)
            {
                refused++;
                Assert.Equal(ExitCode.BadInput, error.ExitCode);
                Assert.DoesNotContain('\n', error.Message);
            }

            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(refused, Mutants / 10, Mutants - 1);
        Assert.InRange(most, 1, 1 << 20);
    }

    // Fields of the file in words: lists compare by their items.
    private static string Text(PageRecording recording)
    {
        StringBuilder text = new();
        _ = text.Append(CultureInfo.InvariantCulture, $"{recording.PageSize} {recording.Settings} {recording.SharedByFork} ");
        _ = text.AppendJoin(' ', recording.Processes);
        foreach (RecordedSample sample in recording.Samples)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"\n{sample.Time}");
            foreach (ProcessChanges process in sample.Processes)
            {
                _ = text.Append(CultureInfo.InvariantCulture, $" {process.Process}: ").AppendJoin(' ', (IEnumerable<PageChange>)process.Changes);
            }
        }

        return text.ToString();
    }
}
