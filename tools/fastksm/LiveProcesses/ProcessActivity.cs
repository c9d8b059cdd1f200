using System;
using System.Globalization;
using System.IO;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>CPU time of all threads of a process: it stands still while the process is at rest.</summary>
internal static class ProcessActivity
{
    /// <summary>Nanoseconds so far; null for a process that is gone, or a host that does not tell.</summary>
    internal static long? CpuNanoseconds(int pid)
    {
        long sum = 0;
        try
        {
            foreach (string thread in Directory.EnumerateDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task")))
            {
                if (ProcFile.TryReadText(thread + "/schedstat") is { } text
                    && long.TryParse(text.AsSpan(0, Math.Max(text.IndexOf(' ', StringComparison.Ordinal), 0)), CultureInfo.InvariantCulture, out long value))
                {
                    sum += value;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return sum;
    }
}
