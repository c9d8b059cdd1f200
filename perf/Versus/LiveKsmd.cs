using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastKsm.Perf.Versus;

/// <summary>The ksmd of this host, taken over for a row: stepped by whole scans, its CPU time read, every knob put back.</summary>
/// <remarks>
/// A batch ends with its scan, and a new pause wakes ksmd from the one that it is in; so with more pages to scan than there
/// are, each change of the pause is one full scan. Thread safety: used by one thread; a signal puts the knobs back as well.
/// </remarks>
internal sealed class LiveKsmd : IDisposable
{
    private const string Folder = "/sys/kernel/mm/ksm/";
    private const int LongPause = 100_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    // In the order in which they are put back: the advisor refuses pages_to_scan while it is on.
    private static readonly string[] s_knobs =
    [
        "run", "advisor_mode", "pages_to_scan", "sleep_millisecs", "smart_scan", "use_zero_pages", "merge_across_nodes",
        "max_page_sharing",
    ];

    private readonly List<(string Knob, string Value)> _saved = [];
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _termination;
    private readonly string _schedulerFile;
    private int _pause = LongPause;
    private int _restored;

    private LiveKsmd(string schedulerFile)
    {
        _schedulerFile = schedulerFile;
        foreach (string knob in s_knobs)
        {
            if (File.Exists(Folder + knob))
            {
                _saved.Add((knob, Chosen(Read(knob))));
            }
        }

        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Restore());
        _termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Restore());
    }

    /// <summary>Takes ksmd over, stopped and with nothing merged, or says why not.</summary>
    /// <param name="reason">What the host lacks.</param>
    internal static LiveKsmd? TryTake(out string reason)
    {
        reason = "no writable KSM: it takes Linux with CONFIG_KSM, and root";
        try
        {
            if (!File.Exists(Folder + "run"))
            {
                return null;
            }

            string? scheduler = FindScheduler();
            if (scheduler is null)
            {
                reason = "ksmd's CPU time is not to be seen: there is no /proc/PID/schedstat of it";
                return null;
            }

            if (!string.Equals(Read("pages_shared"), "0", StringComparison.Ordinal)
                || !string.Equals(Read("run"), "0", StringComparison.Ordinal))
            {
                reason = "KSM is in use on this host";
                return null;
            }

            // Says at once whether this may be written.
            Write("run", "0");
            return new LiveKsmd(scheduler);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            return null;
        }
    }

    /// <summary>A counter.</summary>
    internal static long Count(string file) => long.Parse(Read(file), CultureInfo.InvariantCulture);

    /// <summary>Starts scanning with what the engine's side has: no smart scan, a batch that is a full scan.</summary>
    /// <remarks>The first full scan begins at once; <see cref="WaitForScan"/> ends with it.</remarks>
    internal void Start()
    {
        Write("run", "0");
        if (File.Exists(Folder + "advisor_mode"))
        {
            Write("advisor_mode", "none");
        }

        if (File.Exists(Folder + "smart_scan"))
        {
            Write("smart_scan", "0");
        }

        Write("use_zero_pages", "0");
        Write("pages_to_scan", "1000000000");
        Write("sleep_millisecs", _pause.ToString(CultureInfo.InvariantCulture));
        long before = Count("full_scans");
        Write("run", "1");
        WaitForScan(before);
    }

    /// <summary>Performs one full scan.</summary>
    /// <returns>ksmd's CPU time for each page that it scanned, in ns.</returns>
    internal double Scan()
    {
        long scans = Count("full_scans");
        long pages = Count("pages_scanned");
        long time = CpuNanoseconds();
        _pause = _pause == LongPause ? LongPause + 1 : LongPause;
        Write("sleep_millisecs", _pause.ToString(CultureInfo.InvariantCulture));
        WaitForScan(scans);
        return (CpuNanoseconds() - time) / (double)(Count("pages_scanned") - pages);
    }

    /// <summary>Undoes all merging, and stops.</summary>
    internal static void Unmerge()
    {
        Write("run", "2");
        Write("run", "0");
    }

    public void Dispose()
    {
        Restore();
        _interrupt.Dispose();
        _termination.Dispose();
    }

    private static void WaitForScan(long scansBefore)
    {
        long start = Stopwatch.GetTimestamp();
        while (Count("full_scans") == scansBefore)
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new TimeoutException($"ksmd completed no scan within {s_patience}.");
            }

            Thread.Sleep(5);
        }

        // The counter moves at the scan's last page; give ksmd the time to lie down.
        Thread.Sleep(20);
    }

    private static string? FindScheduler()
    {
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            string name = Path.Combine(process, "comm");
            if (char.IsAsciiDigit(Path.GetFileName(process)[0])
                && File.Exists(name) && string.Equals(File.ReadAllText(name), "ksmd\n", StringComparison.Ordinal))
            {
                string scheduler = Path.Combine(process, "schedstat");
                return File.Exists(scheduler) ? scheduler : null;
            }
        }

        return null;
    }

    // "[none] scan-time" has its choice in brackets.
    private static string Chosen(string value)
    {
        int open = value.IndexOf('[', StringComparison.Ordinal);
        return open < 0 ? value : value[(open + 1)..value.IndexOf(']', StringComparison.Ordinal)];
    }

    private static string Read(string file) => File.ReadAllText(Folder + file).TrimEnd();

    private static void Write(string file, string value) => File.WriteAllText(Folder + file, value);

    private long CpuNanoseconds() =>
        long.Parse(File.ReadAllText(_schedulerFile).Split(' ')[0], CultureInfo.InvariantCulture);

    private void Restore()
    {
        if (Interlocked.Exchange(ref _restored, 1) != 0)
        {
            return;
        }

        Unmerge();
        foreach ((string knob, string value) in _saved)
        {
            if (!string.Equals(Chosen(Read(knob)), value, StringComparison.Ordinal))
            {
                Write(knob, value);
            }
        }
    }
}
