using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Becomes another program, with all that a program inherits as it was before .NET's runtime started.</summary>
internal static unsafe class ProgramStart
{
    /// <summary>Becomes the program; returns only where that fails.</summary>
    /// <param name="program">The program, by path or by name, and its arguments: the last arguments of this process.</param>
    /// <returns>The error number.</returns>
    internal static int Become(string[] program)
    {
        ParentState? parent = ParentState.TryRead();
        RestoreSignals(parent);
        return Execute(
            LastArguments(program),
            parent?.Environment ?? ProcFile.TryReadBytes("/proc/self/environ"));
    }

    /// <summary>Gives the soft limit of open files back what it was.</summary>
    /// <returns>False where that is not known: the limit stays the hard one then.</returns>
    internal static bool RestoreOpenFiles(out ulong limit)
    {
        LinuxNative.ResourceLimit now;
        limit = 0;
        if (LinuxNative.getrlimit(LinuxNative.LimitOpenFiles, &now) != 0)
        {
            return false;
        }

        limit = now.Soft;
        if (ParentState.TryRead()?.OpenFiles is not { } before || before.Hard != now.Hard)
        {
            return false;
        }

        now.Soft = limit = before.Soft;
        return LinuxNative.setrlimit(LinuxNative.LimitOpenFiles, &now) == 0;
    }

    // What is handled gets its default action by exec, and what is ignored stays so: these two the runtime changes.
    private static void RestoreSignals(ParentState? parent)
    {
        ulong own = ParentState.IgnoredIn(ProcFile.TryReadText("/proc/self/status") ?? string.Empty);
        Restore(LinuxNative.SignalPipe, parent is not null && parent.PassedOnPipe(own));
        Restore(LinuxNative.SignalTerminate, parent is not null && parent.PassedOnTerminate(own));
    }

    private static void Restore(int signal, bool isIgnored) =>
        _ = LinuxNative.signal(signal, isIgnored ? LinuxNative.SignalIgnore : LinuxNative.SignalDefault);

    // An argument that is not UTF-8 has lost bytes on its way into a string: the kernel still has it as it was given.
    private static List<byte[]> LastArguments(string[] program)
    {
        List<byte[]> all = Split(ProcFile.TryReadBytes("/proc/self/cmdline") ?? []);
        List<byte[]> last = all.Count >= program.Length ? all[^program.Length..] : [];
        if (last.Count == 0 || !string.Equals(Encoding.UTF8.GetString(last[0]), program[0], StringComparison.Ordinal))
        {
            last = [.. Array.ConvertAll(program, Encoding.UTF8.GetBytes)];
        }

        return last;
    }

    private static List<byte[]> Split(byte[] bytes)
    {
        List<byte[]> parts = [];
        for (int start = 0; start < bytes.Length;)
        {
            int length = bytes.AsSpan(start).IndexOf((byte)0);
            length = length < 0 ? bytes.Length - start : length;
            parts.Add(bytes[start..(start + length)]);
            start += length + 1;
        }

        return parts;
    }

    private static int Execute(List<byte[]> arguments, byte[]? environment)
    {
        byte** argumentPointers = Pointers(arguments);
        if (environment is null)
        {
            _ = LinuxNative.execvp(argumentPointers[0], argumentPointers);
        }
        else
        {
            _ = LinuxNative.execvpe(argumentPointers[0], argumentPointers, Pointers(Split(environment)));
        }

        // The process ends with a message now, so the little memory is left to it.
        return Marshal.GetLastPInvokeError();
    }

    // Strings of C, and a null pointer behind the last.
    private static byte** Pointers(List<byte[]> strings)
    {
        byte** pointers = (byte**)NativeMemory.Alloc((nuint)strings.Count + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < strings.Count; i++)
        {
            pointers[i] = (byte*)NativeMemory.Alloc((nuint)strings[i].Length + 1);
            strings[i].CopyTo(new Span<byte>(pointers[i], strings[i].Length));
            pointers[i][strings[i].Length] = 0;
        }

        pointers[strings.Count] = null;
        return pointers;
    }
}
