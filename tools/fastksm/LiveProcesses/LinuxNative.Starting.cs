using System.Runtime.InteropServices;

namespace FastKsm.Cli.LiveProcesses;

/// <content>What becoming another program takes, and writing standard output.</content>
internal static unsafe partial class LinuxNative
{
    internal const int ErrorInterrupted = 4;
    internal const int ErrorTryAgain = 11;
    internal const int ErrorFileTooBig = 27;
    internal const int ErrorNoSpace = 28;
    internal const int ErrorBrokenPipe = 32;
    internal const int ErrorQuota = 122;

    internal const int SeekCurrent = 1;
    internal const int SeekEnd = 2;
    internal const int GetFileFlags = 3;
    internal const int OpenAppend = 0x400;

    internal const int SignalPipe = 13;
    internal const int SignalTerminate = 15;
    internal const int SignalStop = 20;
    internal const int SignalTerminalInput = 21;
    internal const int SignalTerminalOutput = 22;
    internal const int SignalFileSize = 25;
    internal const nint SignalDefault = 0;
    internal const nint SignalIgnore = 1;

    internal const int LimitOpenFiles = 7;

    internal const int CurrentDirectory = -100;
    internal const uint StatusType = 1;
    internal const int FileTypeMask = 0xf000;
    internal const int FileTypeRegular = 0x8000;

    /// <summary>ioctl of a terminal: its size.</summary>
    internal const nuint GetWindowSize = 0x5413;

    /// <summary>What a terminal says of its size.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct WindowSize
    {
        internal ushort Rows;
        internal ushort Columns;
        internal ushort PixelWidth;
        internal ushort PixelHeight;
    }

    /// <summary>The beginning of what statx tells; the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct FileStatus
    {
        [FieldOffset(28)]
        internal ushort Mode;
    }

    /// <summary>A limit of a process.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResourceLimit
    {
        internal ulong Soft;
        internal ulong Hard;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long lseek(int descriptor, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ftruncate(int descriptor, long length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int descriptor, int command);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int directory, string path, int flags, uint mask, FileStatus* status);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint signal(int number, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getrlimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setrlimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int execvpe(byte* file, byte** arguments, byte** environment);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int execvp(byte* file, byte** arguments);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(
        out int pid, string path, byte* fileActions, void* attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);
}
