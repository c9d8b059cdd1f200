using System;
using System.IO;
using System.Runtime.InteropServices;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>Standard output, written whole or not at all where it is a file.</summary>
/// <remarks>
/// A report that stops in the middle, because the disk is full, could be taken for a whole one. When a write fails, what has
/// been written is taken back (the file gets the length that it had), nothing more is written, and the command ends with one
/// line on stderr. Where something else has written to the same file meanwhile, or the file was not written at its end,
/// nothing is taken back. A reader that goes (a closed pipe) ends the command quietly, as it ends other programs.
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed unsafe class StandardOutput : Stream
{
    private readonly int _descriptor;
    private readonly long _start;
    private long _written;
    private bool _hasFailed;

    private StandardOutput(int descriptor)
    {
        _descriptor = descriptor;
        _start = EndOf(descriptor);
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Opens it.</summary>
    /// <param name="descriptor">Another descriptor that is to be written in the same way; it is not closed.</param>
    internal static Stream Open(int descriptor = 1) =>
        OperatingSystem.IsLinux() ? new StandardOutput(descriptor)
        : descriptor == 2 ? Console.OpenStandardError() : Console.OpenStandardOutput();

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* first = buffer)
        {
            for (int done = 0; done < buffer.Length && !_hasFailed;)
            {
                nint count = LinuxNative.write(_descriptor, first + done, (nuint)(buffer.Length - done));
                if (count >= 0)
                {
                    done += (int)count;
                    _written += count;
                    continue;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error == LinuxNative.ErrorTryAgain)
                {
                    Wait();
                }
                else if (error != LinuxNative.ErrorInterrupted)
                {
                    Fail(error);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    // Where the first byte will lie, if that is the file's end; else -1.
    private static long EndOf(int descriptor)
    {
        long position = LinuxNative.lseek(descriptor, 0, LinuxNative.SeekCurrent);
        if (position < 0)
        {
            return -1;
        }

        bool appends = (LinuxNative.fcntl(descriptor, LinuxNative.GetFileFlags) & LinuxNative.OpenAppend) != 0;
        long end = LinuxNative.lseek(descriptor, 0, LinuxNative.SeekEnd);
        if (!appends)
        {
            _ = LinuxNative.lseek(descriptor, position, 0);
        }

        return appends || position == end ? end : -1;
    }

    private void Wait()
    {
        const short Writable = 4;
        LinuxNative.PollDescriptor wanted = new() { Descriptor = _descriptor, Wanted = Writable };
        _ = LinuxNative.poll(&wanted, 1, -1);
    }

    private void Fail(int error)
    {
        _hasFailed = true;
        if (error == LinuxNative.ErrorBrokenPipe)
        {
            throw new ToolException(ExitCode.Signalled + LinuxNative.SignalPipe, string.Empty);
        }

        string fate = string.Empty;
        if (_written > 0)
        {
            bool isOurs = _start >= 0 && LinuxNative.lseek(_descriptor, 0, LinuxNative.SeekEnd) == _start + _written;
            bool isUndone = isOurs && LinuxNative.ftruncate(_descriptor, _start) == 0;
            if (isUndone)
            {
                _ = LinuxNative.lseek(_descriptor, _start, 0);
            }

            fate = isUndone ? "; what was written has been taken back" : "; it ends in the middle";
        }

        throw new ToolException(
            error is LinuxNative.ErrorNoSpace or LinuxNative.ErrorQuota or LinuxNative.ErrorFileTooBig
                ? ExitCode.Exhausted
                : ExitCode.NotPermitted,
            $"cannot write the output: {Marshal.GetPInvokeErrorMessage(error)}{fate}.");
    }
}
