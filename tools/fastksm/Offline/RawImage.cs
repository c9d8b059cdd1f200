using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Offline;

/// <summary>
/// A file that is memory and nothing else: guest memory of QEMU (memory-backend-file) or Firecracker (a snapshot's
/// memory file).
/// </summary>
internal static class RawImage
{
    /// <summary>Opens one.</summary>
    /// <exception cref="ToolException">It can't be read, is empty, or is not whole pages.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The image owns the file.")]
    internal static MemoryImage Open(string path)
    {
        ImageFile file = ImageFile.Open(path);
        long pageSize = Environment.SystemPageSize;
        if (file.Length == 0 || file.Length % pageSize != 0)
        {
            file.Dispose();
            throw new ToolException(
                ExitCode.BadInput, FormattableString.Invariant($"{path}: {file.Length} bytes long; an image is whole pages of {pageSize} bytes, at least one."));
        }

        Vma vma = new(0, (ulong)file.Length, VmaFlags.Readable | VmaFlags.Writable, (ulong)file.Length, 0, path);
        string name = Path.GetFileName(path);
        return new MemoryImage(path, 0, 0, name, name, [new ImageSegment(vma, 0, file, 0, file.Length)]);
    }
}
