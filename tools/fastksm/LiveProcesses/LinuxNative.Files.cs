using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

// What files are, and where their holes lie.
internal static unsafe partial class LinuxNative
{
    /// <summary>The length of an open file; null for what is no regular file.</summary>
    internal static long? LengthOfRegularFile(SafeFileHandle file)
    {
        // struct statx: the mode is at 28, the size at 40.
        const int EmptyPath = 0x1000;
        const uint BasicFields = 0x7FF;
        const int TypeMask = 0xF000;
        const int RegularFile = 0x8000;
        Span<byte> fields = stackalloc byte[256];
        fixed (byte* into = fields)
        {
            int result = statx((int)file.DangerousGetHandle(), string.Empty, EmptyPath, BasicFields, into);
            GC.KeepAlive(file);
            return result == 0 && (BinaryPrimitives.ReadUInt16LittleEndian(fields[28..]) & TypeMask) == RegularFile
                ? BinaryPrimitives.ReadInt64LittleEndian(fields[40..])
                : null;
        }
    }

    /// <summary>Moves a file's position.</summary>
    /// <returns>The position, or a negative error number.</returns>
    internal static long Seek(SafeFileHandle file, long offset, int whence)
    {
        long position = lseek((int)file.DangerousGetHandle(), offset, whence);
        long result = position < 0 ? -Marshal.GetLastPInvokeError() : position;
        GC.KeepAlive(file);
        return result;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, byte* fields);
}
