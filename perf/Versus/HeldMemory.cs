using System;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Perf.Versus;

/// <summary>A process of its own that holds memory and rests: what the rows about live processes look at.</summary>
/// <remarks>
/// It is this program once more, started with <see cref="Argument"/>. Its areas lie apart, as the arenas of a server's
/// allocator do; every page is unlike any other (SplitMix64 from 0 on).
/// </remarks>
internal sealed unsafe class HeldMemory : IDisposable
{
    /// <summary>First argument of the process that holds.</summary>
    internal const string Argument = "hold-memory";

    /// <summary>Bytes of one area.</summary>
    internal const int AreaBytes = 16 << 20;

    private readonly HostProcess _process;

    private HeldMemory(HostProcess process, nuint[] areas)
    {
        _process = process;
        Areas = areas;
    }

    /// <summary>The process.</summary>
    internal int Pid => _process.Id;

    /// <summary>Addresses of the areas.</summary>
    internal nuint[] Areas { get; }

    /// <summary>Starts the process and waits until its memory is filled.</summary>
    /// <param name="areaCount">Number of areas; at least one.</param>
    internal static HeldMemory Start(int areaCount)
    {
        HostProcess process = HostProcess.Start(new ProcessStartInfo(
            "dotnet", ["exec", typeof(HeldMemory).Assembly.Location, Argument, areaCount.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        string line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The process that holds memory ended.");
        return new HeldMemory(process, [.. line.Split(' ').Select(area => nuint.Parse(area, CultureInfo.InvariantCulture))]);
    }

    /// <summary>Holds memory until standard input ends.</summary>
    internal static int Hold(string areaCount)
    {
        nuint[] areas = new nuint[int.Parse(areaCount, CultureInfo.InvariantCulture)];
        ulong content = 0;
        for (int i = 0; i < areas.Length; i++)
        {
            // Never freed: the memory is the purpose, and goes with the process.
            areas[i] = (nuint)NativeMemory.AlignedAlloc(AreaBytes, 4096);
            ulong* words = (ulong*)areas[i];
            for (int word = 0; word < AreaBytes / sizeof(ulong); word++)
            {
                content += 0x9E3779B97F4A7C15;
                ulong mixed = (content ^ (content >> 30)) * 0xBF58476D1CE4E5B9;
                mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
                words[word] = mixed ^ (mixed >> 31);
            }
        }

        Console.WriteLine(string.Join(' ', areas));
        _ = Console.In.ReadToEnd();
        return 0;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
