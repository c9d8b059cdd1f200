using System.Runtime.InteropServices;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>The system calls that reading another process takes. Every one that can fail sets the last error.</summary>
internal static unsafe partial class LinuxNative
{
    internal const int OpenReadOnly = 0;
    internal const int OpenDirectory = 0x10000;
    internal const int OpenCloseOnExec = 0x80000;
    internal const int OpenPath = 0x200000;

    internal const int ProtectNone = 0;
    internal const int ProtectReadWrite = 1 | 2;
    internal const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;

    internal const int AdviseHugePage = 14;

    internal const int ErrorNotPermitted = 1;
    internal const int ErrorNoEntry = 2;
    internal const int ErrorNoProcess = 3;
    internal const int ErrorFault = 14;
    internal const int ErrorInvalid = 22;
    internal const int ErrorNoSuchRequest = 25;

    /// <summary>What kcmp compares: whether two processes use one address space.</summary>
    internal const int CompareAddressSpaces = 1;

    /// <summary>prctl: whether merging is enabled for this process; EINVAL from a kernel without KSM.</summary>
    internal const int PrGetMemoryMerge = 68;

    /// <summary>prctl: merge every compatible VMA of this process, now and later; inherited over fork and exec.</summary>
    internal const int PrSetMemoryMerge = 67;

    /// <summary>One piece of a scattered read.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        internal void* Base;
        internal nuint Length;
    }

    /// <summary>One file to wait for.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Wanted;
        internal short Seen;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int openat(int directory, string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint readlink(string path, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int uname(byte* fields);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int capget(uint* header, uint* sets);

    /// <summary>kcmp(2), which libc has no function for.</summary>
    /// <returns>0 equal, 1 or 2 an order that stays while both live, 3 no order; or a negative error number.</returns>
    internal static int Compare(int firstPid, int secondPid, int what)
    {
        nint number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 312,
            Architecture.S390x => 343,
            Architecture.Ppc64le => 354,
            _ => 272, // The list of system calls that newer architectures share.
        };
        nint result = SystemCall(number, firstPid, secondPid, what, 0, 0, 0);
        return result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int descriptor, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pread(int descriptor, void* buffer, nuint length, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint process_vm_readv(
        int pid, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(nint address, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc")]
    internal static partial uint geteuid();
}
