using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Cli.Recording;

namespace FastKsm.Cli.Commands;

/// <summary>
/// <c>fastksm record FILE</c>: keyed fingerprints of the pages of processes, again and again, for <c>fastksm
/// replay</c>.
/// </summary>
internal static class RecordCommand
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_for = TimeSpan.FromMinutes(10);

    internal static Command Create()
    {
        SelectionOptions selection = new("record");
        Argument<string> file = new("FILE") { Description = "The recording; written whole when it ends, also by Ctrl-C." };
        Option<TimeSpan?> every = new("--every")
        {
            Description = "Time from one sample to the next. Default: 10s.",
            HelpName = "TIME",
            CustomParser = DurationArgument.Parse,
        };
        Option<TimeSpan?> length = new("--for")
        {
            Description = "Time from the first sample to the last. Default: 10m.",
            HelpName = "TIME",
            CustomParser = DurationArgument.Parse,
        };
        Command command = new(
            "record", "Record how the pages of processes change: fingerprints under a key that is thrown away, never content. Nothing is changed.")
        {
            file,
        };
        selection.AddTo(command);
        command.Options.Add(every);
        command.Options.Add(length);
        command.SetAction(parsed =>
        {
            ProcessSelection processes = selection.Read(parsed);
            selection.Check(processes);
            return Run(parsed.GetValue(file)!, selection, processes, parsed.GetValue(every) ?? s_every, parsed.GetValue(length) ?? s_for);
        });
        return command;
    }

    private static int Run(string file, SelectionOptions options, ProcessSelection selection, TimeSpan every, TimeSpan length)
    {
        if (Directory.Exists(file) || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file))))
        {
            throw new ToolException(ExitCode.BadInput, $"record: {file}: not a file in a folder that is there."); // Before an hour, not after it.
        }

        HostKsm host = HostKsm.Read();
        KeyedFingerprint key = KeyedFingerprint.Draw();
        PageSampler sampler = new(
            key, new EvaluationOptions(host.MaxPageSharing, host.UseZeroPages, OnlyMarked: false, Environment.ProcessorCount));
        PageTimeline timeline = new();
        long shared = 0;
        using (Interruption interruption = new(patience: null))
        {
            try
            {
                long start = Environment.TickCount64;
                for (long due = 0; due <= (long)length.TotalMilliseconds; due += Math.Max((long)every.TotalMilliseconds, 1))
                {
                    TimeSpan wait = TimeSpan.FromMilliseconds(Math.Max(start + due - Environment.TickCount64, 0));
                    if (interruption.Token.WaitHandle.WaitOne(wait))
                    {
                        break;
                    }

                    // A look that takes longer than the interval makes the next one late, and the recording says when
                    // it was.
                    TimeSpan time = timeline.Samples == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Environment.TickCount64 - start);
                    start = timeline.Samples == 0 ? Environment.TickCount64 : start;
                    sampler.Sample(options.Find(selection), time, timeline, interruption.Token);
                    shared = timeline.Samples == 1 ? sampler.SharedByFork : shared;
                    CheckFirst(timeline, sampler);
                }
            }
            catch (OperationCanceledException) when (timeline.Samples > 0)
            {
                // The sample under way is dropped; those before it are whole.
            }
            catch (OperationCanceledException)
            {
                throw new ToolException(interruption.ExitCodeOfSignal, "record: interrupted before the first sample was whole; nothing is written.");
            }
        }

        key.Forget();
        RecordedSettings settings = new(
            host.PagesToScan, host.SleepMilliseconds, host.SmartScan, host.AdvisorTargetSeconds ?? 0, host.UseZeroPages, host.MaxPageSharing);
        PageRecording recording = timeline.ToRecording(Environment.SystemPageSize, settings, shared);
        OutputFile.Write(file, stream => RecordingWriter.Write(recording, stream), "record:");
        StandardError.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"record: {timeline.Samples} samples of {recording.Processes.Count} processes over {Wording.Seconds(recording.Length.TotalSeconds)}, "
            + $"{Wording.Bytes(new FileInfo(file).Length)}. Next: fastksm replay {ShellWord.Quote(file)}"));
        return ExitCode.Success;
    }

    private static void CheckFirst(PageTimeline timeline, PageSampler sampler)
    {
        if (timeline.Samples == 1 && timeline.Pages == 0)
        {
            int refused = 0;
            foreach (LiveProcess process in sampler.Processes)
            {
                refused += process.Status == ReadStatus.NotPermitted ? 1 : 0;
            }

            throw new ToolException(
                refused > 0 ? ExitCode.NotPermitted : ExitCode.BadInput,
                refused > 0 ? PermissionAdvice.Describe(null, refused) : "record: these processes have no memory that could be recorded.");
        }
    }
}
