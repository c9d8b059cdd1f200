using System;
using System.Diagnostics;
using System.Threading;

namespace FastKsm.Perf.Versus.Access;

/// <summary>Kills of one page, while other threads drive CPUs that run the same process.</summary>
internal static class KillWork
{
    private const ulong Page = 4096;
    private const ulong Start = 1UL << 32;
    private const ulong Victim = 1UL << 36;
    private const int Pages = 32;
    private const int Kills = 1000;
    private const int ReadsBetweenLooks = 256;

    /// <summary>Measures a thousand kills.</summary>
    /// <param name="fence">Who pays for the order between accesses and flushes.</param>
    /// <param name="drivers">Threads that read, each on a CPU of its own; the killing one comes on top.</param>
    /// <returns>Microseconds within which nine of ten are over.</returns>
    internal static double Measure(AccessFence fence, int drivers)
    {
        using Machine machine = new(new MachineOptions
        {
            Frames = 4096,
            Cpus = drivers + 1,
            Tlb = new TlbOptions { Fence = fence },
        });
        ModelProcess process = machine.Spawn();
        Cpu killer = machine.Cpus[0];
        killer.Run(process);
        _ = killer.Map(Pages * Page, new MapOptions { At = Start });
        _ = killer.Map(Page, new MapOptions { At = Victim });
        for (ulong page = 0; page < Pages; page++)
        {
            killer.WritePage(Start + (page * Page), 1 + page);
        }

        bool ends = false;
        Exception? failure = null;
        using CountdownEvent begun = new(drivers);
        Thread[] threads = new Thread[drivers];
        for (int i = 0; i < drivers; i++)
        {
            Cpu cpu = machine.Cpus[i + 1];
            threads[i] = new Thread(() =>
            {
                try
                {
                    cpu.Run(process);
                    Read(cpu);
                    _ = begun.Signal();
                    while (!Volatile.Read(ref ends))
                    {
                        Read(cpu);
                    }

                    cpu.Idle();
                }
                catch (Exception exception) when (exception is InvalidOperationException or SegmentationFaultException)
                {
                    Volatile.Write(ref failure, exception);
                }
            });
            threads[i].Start();
        }

        begun.Wait();
        long before = machine.Tlbs.Statistics.Requests;
        double[] times = Kill(killer);
        long requests = machine.Tlbs.Statistics.Requests - before;
        Volatile.Write(ref ends, true);
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        killer.Idle();
        machine.Validate();
        if (Volatile.Read(ref failure) is { } broken)
        {
            throw new PeerDisagreesException($"A reading thread has failed: {broken.Message}");
        }

        return requests >= (long)Kills * drivers
            ? At90(times)
            : throw new PeerDisagreesException($"{requests} requests for {Kills} kills and {drivers} readers.");
    }

    private static double[] Kill(Cpu cpu)
    {
        byte[] content = new byte[8];
        double[] times = new double[Kills];
        for (int kill = 0; kill < Kills; kill++)
        {
            // The page is there, and this CPU knows it: each kill has something to kill.
            cpu.Write(Victim, content);
            long start = Stopwatch.GetTimestamp();
            cpu.Protect(Victim, Page, Protection.Read);
            times[kill] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            cpu.Protect(Victim, Page, Protection.Read | Protection.Write);
        }

        return times;
    }

    private static void Read(Cpu cpu)
    {
        Span<byte> content = stackalloc byte[8];
        for (int i = 0; i < ReadsBetweenLooks; i++)
        {
            cpu.Read(Start + ((ulong)(i % Pages) * Page), content);
        }
    }

    private static double At90(double[] times)
    {
        Array.Sort(times);
        return times[(times.Length * 9 / 10) - 1];
    }
}
