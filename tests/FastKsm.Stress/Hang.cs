using System;
using System.Threading;

namespace FastKsm.Stress;

/// <summary>What can be done about a run that hangs.</summary>
internal static class Hang
{
    /// <summary>With FASTKSM_HANG=1 the program waits, so that a debugger can look at its threads.</summary>
    internal static void Report()
    {
        if (string.Equals(Environment.GetEnvironmentVariable("FASTKSM_HANG"), "1", StringComparison.Ordinal))
        {
            Console.Error.WriteLine($"Process {Environment.ProcessId} waits for a debugger.");
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
