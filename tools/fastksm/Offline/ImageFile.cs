using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Offline;

/// <summary>A regular file that is read at offsets.</summary>
/// <remarks>Thread safety: all members may be called from any thread.</remarks>
internal sealed unsafe class ImageFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private ImageFile(SafeFileHandle handle, string path, long length)
    {
        _handle = handle;
        Path = path;
        Length = length;
    }

    /// <summary>Its path.</summary>
    internal string Path { get; }

    /// <summary>Its length when it was opened, in bytes.</summary>
    internal long Length { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="ToolException">There is none, it may not be read, or it is no regular file.</exception>
    internal static ImageFile Open(string path)
    {
        ImageFile? file = TryOpen(path, out int error);
        return file ?? throw new ToolException(
            error is LinuxNative.ErrorNoEntry or 0 ? ExitCode.BadInput : ExitCode.NotPermitted,
            error switch
            {
                0 => $"{path}: not a regular file.",
                LinuxNative.ErrorNoEntry => $"{path}: no such file.",
                _ => string.Create(CultureInfo.InvariantCulture, $"{path}: may not be read (error {error})."),
            });
    }

    /// <summary>Opens a file, without any effect on what is no regular file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="error">The error number where there is no result; 0 for what is no regular file.</param>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns it.")]
    internal static ImageFile? TryOpen(string path, out int error)
    {
        using SafeFileHandle? place = ProcFile.TryOpen(path, LinuxNative.OpenPath, out error);
        if (place is null)
        {
            return null;
        }

        long? length = LinuxNative.LengthOfRegularFile(place);
        if (length is null)
        {
            error = 0;
            return null;
        }

        // The place that was looked at, not whatever has its name by now.
        string again = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)place.DangerousGetHandle()}");
        SafeFileHandle? handle = ProcFile.TryOpen(again, LinuxNative.OpenReadOnly, out error);
        return handle is null ? null : new ImageFile(handle, path, length.Value);
    }

    /// <summary>Reads bytes that must be there.</summary>
    /// <exception cref="ToolException">The file ends before, or can't be read.</exception>
    internal void Read(long offset, Span<byte> into)
    {
        int read = ReadSome(offset, into);
        if (read < into.Length)
        {
            throw Fault(offset + read, "the file ends here, or can't be read; more was expected");
        }
    }

    /// <summary>Reads bytes as far as the file goes.</summary>
    /// <returns>Number of bytes.</returns>
    internal int ReadSome(long offset, Span<byte> into)
    {
        int done = 0;
        fixed (byte* first = into)
        {
            while (done < into.Length)
            {
                long count = ProcFile.ReadAt(_handle, first + done, (nuint)(into.Length - done), offset + done);
                if (count <= 0)
                {
                    break;
                }

                done += (int)count;
            }
        }

        return done;
    }

    /// <summary>The next stretch of data at or behind an offset; holes of a sparse file are left out.</summary>
    /// <param name="offset">Where to look from.</param>
    /// <param name="end">Where to stop.</param>
    /// <returns>Its start and its end; both <paramref name="end"/> where there is none.</returns>
    internal (long Start, long End) NextData(long offset, long end)
    {
        const int SeekData = 3;
        const int SeekHole = 4;
        const int ErrorNoData = 6; // ENXIO: only a hole is left.
        long start = LinuxNative.Seek(_handle, offset, SeekData);
        if (start == -ErrorNoData)
        {
            return (end, end);
        }

        if (start < 0)
        {
            return (offset, end); // A file system that does not tell holes: all is data.
        }

        long hole = LinuxNative.Seek(_handle, start, SeekHole);
        return (Math.Min(start, end), hole < 0 ? end : Math.Min(hole, end));
    }

    /// <summary>An error about a place in the file.</summary>
    internal ToolException Fault(long offset, string what) =>
        new(ExitCode.BadInput, string.Create(CultureInfo.InvariantCulture, $"{Path}, byte {offset}: {what}."));

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
