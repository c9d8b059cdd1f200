using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using FastKsm.Tlb;

namespace FastKsm.Stress;

/// <summary>
/// The stress in a program of its own, with the oracle and the lock ranks on: they are on or off for a whole
/// program.
/// </summary>
internal static class CheckedRun
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="operations">Operations.</param>
    /// <param name="bug">A fault to be planted.</param>
    /// <returns>Whether nothing was wrong, and what it printed.</returns>
    internal static async Task<(bool IsClean, string Output)> Run(long operations, PlantedBug bug)
    {
        ProcessStartInfo start = new("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "FastKsm.Stress.dll"));
        start.ArgumentList.Add("-class");
        start.ArgumentList.Add(typeof(StressTests).FullName!);
        start.Environment["FASTKSM_CHECKS"] = "1";
        start.Environment["FASTKSM_STRESS"] = $"{operations}";
        start.Environment["FASTKSM_BUG"] = $"{bug}";
        using Process process = Process.Start(start)
            ?? throw new InvalidOperationException("The program did not start.");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        return (process.ExitCode == 0, output + await errors.ConfigureAwait(false));
    }
}
