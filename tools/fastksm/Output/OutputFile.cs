using System;
using System.IO;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>A file that is written whole or not at all.</summary>
internal static class OutputFile
{
    /// <summary>Writes a file: under another name in the same folder first, which then takes the file's place.</summary>
    /// <param name="path">The file; what is not an ordinary file (a device, a pipe) is written as it is.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="option">The option that named the file, for messages.</param>
    /// <exception cref="ToolException">It cannot be written; what stood there before still does.</exception>
    internal static void Write(string path, Action<Stream> write, string option = "--output")
    {
        string? temporary = null;
        try
        {
            // A link keeps pointing to its target, which is what is replaced.
            FileInfo named = new(path);
            string target = (named.LinkTarget is null ? null : named.ResolveLinkTarget(returnFinalTarget: true))?.FullName ?? named.FullName;
            if (Directory.Exists(target))
            {
                throw new ToolException(ExitCode.BadInput, $"{option} {path}: a folder, not a file.");
            }

            if (File.Exists(target) && !IsOrdinary(target))
            {
                using FileStream device = new(target, FileMode.Open, FileAccess.Write);
                write(device);
                return;
            }

            string other = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}");
            using (FileStream file = new(other, FileMode.CreateNew, FileAccess.Write))
            {
                temporary = other;
                write(file);
                file.Flush(flushToDisk: true);
            }

            if (File.Exists(target) && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(other, File.GetUnixFileMode(target));
            }

            File.Move(other, target, overwrite: true);
            temporary = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw IsFull(exception)
                ? new ToolException(ExitCode.Exhausted, $"{option} {path}: no space left on the device; nothing has been written.")
                : new ToolException(ExitCode.BadInput, $"{option} {path}: cannot be written: {exception.Message}");
        }
        finally
        {
            if (temporary is not null)
            {
                File.Delete(temporary);
            }
        }
    }

    /// <summary>Whether a file could not be written because there is no room.</summary>
    internal static bool IsFull(Exception exception) =>
        exception is ArgumentOutOfRangeException // FileStream's word for EFBIG.
            or IOException { HResult: LinuxNative.ErrorNoSpace or LinuxNative.ErrorQuota or LinuxNative.ErrorFileTooBig };

    private static unsafe bool IsOrdinary(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        LinuxNative.FileStatus status;
        return LinuxNative.statx(LinuxNative.CurrentDirectory, path, 0, LinuxNative.StatusType, &status) == 0
            && (status.Mode & LinuxNative.FileTypeMask) == LinuxNative.FileTypeRegular;
    }
}
