using System;

namespace FastKsm.Tests.TestKit;

/// <summary>What a process does, on the CPU that the thread drives by <see cref="Drive"/>; else on the one that ran the process last.</summary>
internal static class ProcessCalls
{
    [ThreadStatic]
    private static Cpu? s_own;

    /// <summary>What a thread does that drives a CPU of its own; it lets go of the CPU at the end.</summary>
    internal static Action Drive(this Cpu cpu, Action work) => () =>
    {
        s_own = cpu;
        try
        {
            work();
        }
        finally
        {
            s_own = null;
            cpu.Idle();
        }
    };

    /// <summary>Lets go of all CPUs, so that other threads can drive them.</summary>
    internal static void Rest(this Machine machine)
    {
        foreach (Cpu cpu in machine.Cpus)
        {
            cpu.Idle();
        }
    }

    /// <summary>A CPU that runs the process.</summary>
    internal static Cpu On(this ModelProcess process)
    {
        Cpu cpu = CpuFor(process);
        cpu.Run(process);
        return cpu;
    }

    /// <summary>Makes a process that a CPU runs.</summary>
    internal static ModelProcess SpawnOn(this Machine machine, Cpu cpu)
    {
        ModelProcess process = machine.Spawn();
        cpu.Run(process);
        return process;
    }

    /// <summary>Lets another CPU run it, and not the one that ran it last.</summary>
    internal static void MoveTo(this ModelProcess process, Cpu cpu)
    {
        Cpu? left = process.Cpu;
        cpu.Run(process);
        if (left != cpu && left?.Running == process)
        {
            left.Idle();
        }
    }

    internal static void Read(this Cpu cpu, ModelProcess process, ulong address, Span<byte> destination)
    {
        cpu.Run(process);
        cpu.Read(address, destination);
    }

    internal static void Write(this Cpu cpu, ModelProcess process, ulong address, ReadOnlySpan<byte> source)
    {
        cpu.Run(process);
        cpu.Write(address, source);
    }

    internal static void ReadPage(this Cpu cpu, ModelProcess process, ulong address, Span<byte> content)
    {
        cpu.Run(process);
        cpu.ReadPage(address, content);
    }

    internal static void WritePage(this Cpu cpu, ModelProcess process, ulong address, ulong content)
    {
        cpu.Run(process);
        cpu.WritePage(address, content);
    }

    internal static ulong Map(this ModelProcess process, ulong length, in MapOptions options) =>
        process.On().Map(length, options);

    internal static void Unmap(this ModelProcess process, ulong address, ulong length) => process.On().Unmap(address, length);

    internal static void Protect(this ModelProcess process, ulong address, ulong length, Protection protection) =>
        process.On().Protect(address, length, protection);

    internal static void Advise(this ModelProcess process, ulong address, ulong length, Advice advice) =>
        process.On().Advise(address, length, advice);

    internal static void Lock(this ModelProcess process, ulong address, ulong length) => process.On().Lock(address, length);

    internal static void Unlock(this ModelProcess process, ulong address, ulong length) => process.On().Unlock(address, length);

    internal static ulong Remap(
        this ModelProcess process, ulong address, ulong oldLength, ulong newLength, bool mayMove = true, ulong? to = null,
        bool keepsMapping = false) => process.On().Remap(address, oldLength, newLength, mayMove, to, keepsMapping);

    internal static FramePin Pin(this ModelProcess process, ulong address, PinKind kind) => process.On().Pin(address, kind);

    internal static void SetMergesAnything(this ModelProcess process, bool enabled) => process.On().SetMergesAnything(enabled);

    internal static ModelProcess Fork(this ModelProcess process) => process.On().Fork();

    internal static void Exec(this ModelProcess process) => process.On().Exec();

    internal static void Exit(this ModelProcess process) => process.On().Exit();

    internal static long Migrate(this ModelProcess process, ulong address, ulong length, int? node = null) =>
        CpuFor(process).Migrate(process, address, length, node);

    internal static long PageOut(this ModelProcess process, ulong address, ulong length) =>
        CpuFor(process).PageOut(process, address, length);

    private static Cpu CpuFor(ModelProcess process) => s_own ?? process.Cpu ?? process.Machine.Cpus[0];
}
