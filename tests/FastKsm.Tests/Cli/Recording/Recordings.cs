using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FastKsm.Cli.Recording;

namespace FastKsm.Tests.Cli.Recording;

/// <summary>Recordings of processes that never were.</summary>
internal static class Recordings
{
    internal static RecordedSettings Settings { get; } = new(
        PagesToScan: 1000, SleepMilliseconds: 20, SmartScan: false, AdvisorTargetSeconds: 0, UseZeroPages: false, MaxPageSharing: 256);

    /// <summary>
    /// A recording whose samples are some seconds apart: contents of each process, page by page; null for no page.
    /// </summary>
    internal static PageRecording Of(int seconds, params IReadOnlyList<IReadOnlyList<ulong?[]>> samples)
    {
        PageTimeline timeline = new();
        for (int i = 0; i < samples.Count; i++)
        {
            timeline.Begin(TimeSpan.FromSeconds(i * seconds));
            for (int process = 0; process < samples[i].Count; process++)
            {
                timeline.Add(
                    process + 1, (ulong)process, $"p{process}",
                    [.. samples[i][process].Select((content, page) => (Page: (ulong)page + 0x7f000, content)).Where(page => page.content is not null)
                        .Select(page => (page.Page, page.content!.Value))]);
            }

            timeline.End();
        }

        return timeline.ToRecording(4096, Settings, sharedByFork: 3);
    }

    /// <summary>A recording at random: pages come, go and change.</summary>
    internal static PageRecording Random(int seed)
    {
        System.Random random = new(seed);
        List<IReadOnlyList<ulong?[]>> samples = [];
        ulong?[][] pages = [.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => new ulong?[1 + random.Next(40)])];
        for (int i = 0; i <= random.Next(6); i++)
        {
            foreach (ulong?[] process in pages)
            {
                for (int page = 0; page < process.Length; page++)
                {
                    process[page] = random.Next(4) switch
                    {
                        0 => null,
                        1 => (ulong)random.Next(5),
                        _ => process[page],
                    };
                }
            }

            samples.Add([.. pages.Select(process => (ulong?[])process.Clone())]);
        }

        return Of(5, samples);
    }

    internal static byte[] Bytes(PageRecording recording)
    {
        using MemoryStream output = new();
        RecordingWriter.Write(recording, output);
        return output.ToArray();
    }

    internal static PageRecording Read(byte[] bytes)
    {
        using MemoryStream input = new(bytes);
        return RecordingReader.Read("file", input);
    }
}
