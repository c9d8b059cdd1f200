using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>What is to be said of how the processes were read: whole sentences, none where nothing is out of the ordinary.</summary>
internal static class ReadingNotes
{
    // Below this, what is mapped shared is libraries' odds and ends.
    private const long LeastShared = 1 << 20;

    // Long enough for a program that maps memory to notice it.
    private static readonly TimeSpan s_noticeableLock = TimeSpan.FromMilliseconds(100);

    /// <summary>Sentences that change how the figures are to be read.</summary>
    internal static IEnumerable<string> Warnings(EvaluationResult result)
    {
        if (KsmAccessProbe.Ask(result.Host).Sentence is { Length: > 0 } ksm)
        {
            yield return ksm;
        }

        if (result.Reading is not { } reading)
        {
            yield break;
        }

        if (reading.Proc.Sentence.Length > 0)
        {
            yield return reading.Proc.Sentence;
        }

        if (!reading.FrameNumbers.AreVisible)
        {
            yield return reading.FrameNumbers.Sentence
                + " Equal pages at the same address of several processes, each mapped more than once, were taken as shared by "
                + "fork. Where they are not, more is saved than shown.";
        }

        if (reading.KsmBit.State == KsmBitState.ShownByAll && reading.Today.MergingPages > 0)
        {
            yield return reading.KsmBit.Sentence;
        }

        if (reading.PinnedSomewhereBytes > 0)
        {
            string pids = string.Join(", ", result.Processes
                .Where(process => process.Process.Status == ReadStatus.Read && process.Process.PinnedSomewhere > 0)
                .Select(process => process.Process.Pid));
            yield return $"{Wording.Bytes(reading.PinnedSomewhereBytes)} are pinned for devices or I/O (VmPin, VmLck; process {pids}) "
                + "and will not merge. Linux does not show which pages, so they are still counted: up to so much less is saved, "
                + "and nothing of a virtual machine whose devices are passed through.";
        }

        if (result.Options.OnlyMarked && reading.MarkedVmas == 0 && result.Count(ReadStatus.Read) > 0)
        {
            yield return "No memory of these processes is marked mergeable today, so --as-marked counts nothing.";
        }
    }

    /// <summary>Sentences that are worth knowing.</summary>
    internal static IEnumerable<string> Facts(EvaluationResult result)
    {
        if (result.Reading is not { } reading)
        {
            yield break;
        }

        if (reading.PinnedBytes > 0)
        {
            yield return $"{Wording.Bytes(reading.PinnedBytes)} are buffers registered for I/O (io_uring): they do not merge, and are "
                + "counted so.";
        }

        if (Kinds(reading.Shared) is { Length: > 0 } kinds)
        {
            yield return $"{Wording.Bytes(reading.Shared.Total)} more are mapped shared ({kinds}) and cannot merge.";
        }

        if (reading.LongestLock >= s_noticeableLock)
        {
            yield return "Reading smaps held the mmap lock of a process for "
                + $"{Wording.Seconds(reading.LongestLock.TotalSeconds)} at most: mmap and munmap waited there, page faults did not.";
        }
    }

    /// <summary>What is saved already and what more could be, in one sentence; empty where nothing is merged.</summary>
    internal static string Today(EvaluationResult result)
    {
        if (result.Reading is not { Today: { MergingPages: > 0 } or { ZeroPages: > 0 } } reading)
        {
            return string.Empty;
        }

        long more = reading.Today.More(result.Total, result.PageSize);
        return $"{Wording.Bytes(reading.Today.Saved(result.PageSize))} saved today, {(more > 0 ? Wording.Bytes(more) : "0")} more possible.";
    }

    private static string Kinds(in SharedMemory shared) => string.Join(", ", new[]
    {
        (Name: "memfd", Bytes: shared.Memfd),
        (Name: "shared memory", Bytes: shared.Shm),
        (Name: "files", Bytes: shared.Files),
        (Name: "hugetlb", Bytes: shared.HugeTlb),
        (Name: "device", Bytes: shared.Device),
    }.Where(kind => kind.Bytes >= LeastShared).OrderByDescending(kind => kind.Bytes).Select(kind => kind.Name));
}
