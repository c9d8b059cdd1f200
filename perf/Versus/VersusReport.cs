using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace FastKsm.Perf.Versus;

/// <summary>Prints results for people and for programs.</summary>
internal static class VersusReport
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    internal static void WriteHeader(TextWriter output)
    {
        output.WriteLine($"{CpuName()}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}");
        output.WriteLine("ratio: how many times better than the peer ours is (<=: how many times the peer), median of the rounds, with quartiles");
        output.WriteLine($"{"row",-24} {"ours",10} {"peer",10} {"unit",-9} {"ratio",8} {"quartiles",15} {"goal",8}");
    }

    internal static void WriteRow(TextWriter output, VersusResult result)
    {
        output.WriteLine(result.Skipped
            ? $"{result.Id,-24} skipped: {result.Reason}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Id,-24} {result.Ours,10:F2} {result.Peer,10:F2} {result.Unit,-9} {result.Ratio,8:F3} "
                + $"{$"{result.RatioLow:F3}..{result.RatioHigh:F3}",15} {(result.IsCeiling ? "<=" : ""),2}{result.Goal,6:F2} {(result.Met ? "met" : "MISSED")}"));
        output.Flush();
    }

    internal static string Json(IReadOnlyList<VersusResult> results) => JsonSerializer.Serialize(
        new { cpu = CpuName(), runtime = RuntimeInformation.FrameworkDescription, rows = results }, s_json) + "\n";

    private static string CpuName()
    {
        const string Source = "/proc/cpuinfo";
        string? line = File.Exists(Source)
            ? File.ReadLines(Source).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 2)..];
    }
}
