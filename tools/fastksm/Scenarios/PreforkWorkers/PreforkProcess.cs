using System;

namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>The controller or a worker: its process, and the memory that it has for itself.</summary>
/// <param name="process">The process.</param>
/// <param name="cpu">CPU on which it acts.</param>
internal sealed class PreforkProcess(ModelProcess process, Cpu cpu)
{
    /// <summary>The process.</summary>
    internal ModelProcess Process { get; } = process;

    /// <summary>Lets it run.</summary>
    /// <returns>The CPU that runs it.</returns>
    internal Cpu On()
    {
        cpu.Run(Process);
        return cpu;
    }

    /// <summary>Memory of requests: private pages, then changing ones. No bytes: none.</summary>
    internal (ulong Address, ulong Bytes) Requests { get; set; }

    /// <summary>Memory that it needs only while the host starts. No bytes: none.</summary>
    internal (ulong Address, ulong Bytes) Starting { get; set; }

    /// <summary>When another worker takes its place.</summary>
    internal TimeSpan Dies { get; set; } = TimeSpan.MaxValue;

    /// <summary>When it frees the memory of requests next.</summary>
    internal TimeSpan Renews { get; set; } = TimeSpan.MaxValue;

    /// <summary>Frees the memory of requests, if it has any.</summary>
    internal void FreeRequests()
    {
        Free(Requests);
        Requests = default;
    }

    /// <summary>Frees what it needed only while the host started, if it has any.</summary>
    internal void FreeStarting()
    {
        Free(Starting);
        Starting = default;
    }

    private void Free((ulong Address, ulong Bytes) memory)
    {
        if (memory.Bytes != 0)
        {
            On().Unmap(memory.Address, memory.Bytes);
        }
    }
}
