using System.Runtime.InteropServices;

namespace FastKsm.Cli.LiveProcesses;

/// <content>Nodes of pages, and clocks.</content>
internal static unsafe partial class LinuxNative
{
    internal const int ClockThreadCpuTime = 3;
    internal const int ClockMonotonicCoarse = 6;

    /// <summary>The nodes on which pages of a process lie (move_pages(2) that moves nothing); libc has no function for it.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="count">Number of pages.</param>
    /// <param name="pages">Their addresses.</param>
    /// <param name="nodes">Receives each one's node, or a negative error number.</param>
    /// <returns>0, or a negative error number.</returns>
    internal static int NodesOf(int pid, nuint count, ulong* pages, int* nodes)
    {
        nint number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 279,
            Architecture.S390x => 310,
            Architecture.Ppc64le => 301,
            _ => 239, // The list of system calls that newer architectures share.
        };
        nint result = SystemCall(number, pid, (nint)count, (nint)pages, 0, (nint)nodes, 0);
        return result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int clock_gettime(int clock, TimeSpec* time);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int clock_getres(int clock, TimeSpec* resolution);

    /// <summary>struct timespec of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
