using System;
using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Reading files of <c>/proc</c> by descriptor: no stream, no buffering, errors as numbers.</summary>
/// <remarks>Every call may wait for the process that the file tells of, so each is watched (<see cref="CallWatch"/>).</remarks>
internal static unsafe class ProcFile
{
    /// <summary>Opens a file below an open directory, for reading.</summary>
    /// <param name="directory">The directory, such as one process's.</param>
    /// <param name="name">File name, relative to the directory.</param>
    /// <param name="error">The error number when the result is null; else 0.</param>
    internal static SafeFileHandle? TryOpenAt(SafeFileHandle directory, string name, out int error)
    {
        CallWatch.Begin();
        int descriptor = LinuxNative.openat(
            (int)directory.DangerousGetHandle(), name, LinuxNative.OpenReadOnly | LinuxNative.OpenCloseOnExec);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        GC.KeepAlive(directory);
        CallWatch.End();
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Opens a path for reading, with extra flags.</summary>
    internal static SafeFileHandle? TryOpen(string path, int flags, out int error)
    {
        CallWatch.Begin();
        int descriptor = LinuxNative.open(path, flags | LinuxNative.OpenCloseOnExec);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        CallWatch.End();
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Reads the next bytes of a sequential file.</summary>
    /// <returns>Number of bytes, 0 at the end, or a negative error number.</returns>
    internal static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        fixed (byte* first = buffer)
        {
            CallWatch.Begin();
            nint count = LinuxNative.read((int)file.DangerousGetHandle(), first, (nuint)buffer.Length);
            int result = count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
            GC.KeepAlive(file);
            CallWatch.End();
            return result;
        }
    }

    /// <summary>Reads at an offset.</summary>
    /// <returns>Number of bytes, 0 at the end, or a negative error number.</returns>
    internal static long ReadAt(SafeFileHandle file, void* buffer, nuint byteLength, long offset)
    {
        CallWatch.Begin();
        nint count = LinuxNative.pread((int)file.DangerousGetHandle(), buffer, byteLength, offset);
        long result = count < 0 ? -Marshal.GetLastPInvokeError() : count;
        GC.KeepAlive(file);
        CallWatch.End();
        return result;
    }

    /// <summary>The whole of a small text file, or null with the error number.</summary>
    internal static string? TryReadTextAt(SafeFileHandle directory, string name, out int error)
    {
        using SafeFileHandle? file = TryOpenAt(directory, name, out error);
        return file is null ? null : ReadToEnd(file, out error);
    }

    /// <summary>What a symbolic link names, or null.</summary>
    internal static string? TryReadLink(string path)
    {
        const int Longest = 4096;
        byte* buffer = stackalloc byte[Longest];
        CallWatch.Begin();
        nint length = LinuxNative.readlink(path, buffer, Longest);
        CallWatch.End();
        return length < 0 ? null : HostText.Decode(new ReadOnlySpan<byte>(buffer, (int)length));
    }

    /// <summary>The whole of a small text file, or null.</summary>
    internal static string? TryReadText(string path)
    {
        using SafeFileHandle? file = TryOpen(path, LinuxNative.OpenReadOnly, out _);
        return file is null ? null : ReadToEnd(file, out _);
    }

    /// <summary>The whole of a small file, or null.</summary>
    internal static byte[]? TryReadBytes(string path)
    {
        using SafeFileHandle? file = TryOpen(path, LinuxNative.OpenReadOnly, out _);
        return file is null ? null : ReadBytesToEnd(file, out _)?.WrittenSpan.ToArray();
    }

    private static string? ReadToEnd(SafeFileHandle file, out int error) =>
        // Decoded at the end: a character may lie across two pieces.
        ReadBytesToEnd(file, out error) is { } bytes ? HostText.Decode(bytes.WrittenSpan) : null;

    private static ArrayBufferWriter<byte>? ReadBytesToEnd(SafeFileHandle file, out int error)
    {
        ArrayBufferWriter<byte> text = new();
        byte[] buffer = new byte[4096];
        while (true)
        {
            int count = Read(file, buffer);
            if (count <= 0)
            {
                error = -count;
                return count < 0 ? null : text;
            }

            text.Write(buffer.AsSpan(0, count));
        }
    }
}
