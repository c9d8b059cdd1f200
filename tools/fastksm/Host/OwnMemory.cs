using System;
using System.Globalization;
using System.IO;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>A mapping of this very process on which a probe tries what the kernel does.</summary>
/// <remarks>
/// Layout: <c>[inaccessible][usable pages, aligned][inaccessible]</c>. The edges keep the kernel from joining it with a neighbour, so
/// that smaps shows it by itself. Thread safety: one thread at a time.
/// </remarks>
internal sealed unsafe class OwnMemory : IDisposable
{
    private readonly nint _mapping;
    private readonly nuint _mappedLength;

    private OwnMemory(nint mapping, nuint mappedLength, byte* start, nuint length)
    {
        _mapping = mapping;
        _mappedLength = mappedLength;
        Start = start;
        Length = length;
    }

    /// <summary>First byte.</summary>
    internal byte* Start { get; }

    /// <summary>Bytes.</summary>
    internal nuint Length { get; }

    /// <summary>Maps private anonymous memory and touches none of it.</summary>
    /// <param name="length">Bytes; whole pages.</param>
    /// <param name="alignment">Of the first byte; a power of two, at least the page size.</param>
    /// <returns>Null when the host refuses it.</returns>
    internal static OwnMemory? TryMap(nuint length, nuint alignment)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint mapped = length + alignment + (2 * page);
        nint mapping = LinuxNative.mmap(0, mapped, LinuxNative.ProtectNone, LinuxNative.MapPrivateAnonymousNoReserve, -1, 0);
        if (mapping == -1)
        {
            return null;
        }

        byte* start = (byte*)(((nuint)mapping + page + alignment - 1) & ~(alignment - 1));
        OwnMemory memory = new(mapping, mapped, start, length);
        if (LinuxNative.mprotect((nint)start, length, LinuxNative.ProtectReadWrite) != 0)
        {
            memory.Dispose();
            return null;
        }

        return memory;
    }

    /// <summary>Gives the kernel advice about a part.</summary>
    /// <returns>Whether the kernel took it.</returns>
    internal bool Advise(nuint offset, nuint length, int advice) => LinuxNative.madvise((nint)(Start + offset), length, advice) == 0;

    /// <summary>A size in kB that smaps shows for it, such as Rss; null where smaps cannot be read or lacks it.</summary>
    internal long? Size(string field)
    {
        string header = ((nuint)Start).ToString("x", CultureInfo.InvariantCulture) + "-";
        try
        {
            bool isOwn = false;
            foreach (string line in File.ReadLines("/proc/self/smaps"))
            {
                if (line.StartsWith(header, StringComparison.Ordinal))
                {
                    isOwn = true;
                }
                else if (isOwn && line.StartsWith(field, StringComparison.Ordinal) && line[field.Length] == ':')
                {
                    return long.Parse(
                        line.AsSpan(field.Length + 1, line.Length - field.Length - " kB".Length - 1), NumberStyles.AllowLeadingWhite,
                        CultureInfo.InvariantCulture);
                }
                else if (isOwn && line.StartsWith("VmFlags", StringComparison.Ordinal))
                {
                    break;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _ = LinuxNative.munmap(_mapping, _mappedLength);
}
