using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Swapping.Backends;

/// <summary>Contents in a sparse file of the host: slot n at n pages; holes are punched where slots become
/// free.</summary>
/// <remarks>
/// The file holds a header and contents, and nothing that says which slots are in use: whatever ends the process, it
/// can be
/// deleted, or opened again empty. While it is open no other process can open it. Thread safety: as the base says.
/// </remarks>
internal sealed partial class FileBackend : SwapBackend
{
    private const int PageBytes = SwapHeader.Bytes;
    private const int KeepSize = 1;
    private const int PunchHole = 2;

    private readonly SafeFileHandle _file;

    private FileBackend(SafeFileHandle file, uint slots)
    {
        _file = file;
        Slots = slots;
        PunchesHoles = TryPunch(1, slots - 1);
    }

    /// <inheritdoc/>
    internal override uint Slots { get; }

    /// <inheritdoc/>
    internal override int ContentSize => PageBytes;

    /// <summary>A hole is a system call.</summary>
    internal override bool FreesSlowly => PunchesHoles;

    /// <summary>The size of the file; what of it the file system backs is not asked.</summary>
    internal override long UsedBytes => RandomAccess.GetLength(_file);

    /// <summary>Whether the file system takes memory of freed slots back; else the file stays as large as it was at
    /// its largest.</summary>
    internal bool PunchesHoles { get; }

    /// <summary>Makes a sparse file with a header, as mkswap does.</summary>
    /// <param name="path">Where; what is there goes.</param>
    /// <param name="slots">Size in slots, the header's among them.</param>
    /// <exception cref="IOException">The file system does not permit it.</exception>
    internal static void Create(string path, uint slots)
    {
        Span<byte> page = stackalloc byte[PageBytes];
        page.Clear();
        SwapHeader.Write(page, slots - 1);
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        RandomAccess.SetLength(file, (long)slots * PageBytes);
        RandomAccess.Write(file, page, 0);
    }

    /// <summary>Opens a file that has a header; what it held is gone.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="backend">The back end.</param>
    /// <param name="fault">Why it was refused, with the path; null if it was not.</param>
    /// <returns>Busy: it is open elsewhere. Invalid: it is no swap file, or cut off. IoError: it cannot be
    /// opened.</returns>
    internal static SwapStatus TryOpen(string path, [NotNullWhen(true)] out FileBackend? backend, out string? fault)
    {
        backend = null;
        SafeFileHandle file;
        try
        {
#pragma warning disable CA2000 // The back end owns it, or it is disposed below.
            file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
#pragma warning restore CA2000
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            bool isThere = File.Exists(path) && exception is IOException;
            fault = isThere ? $"{path} is in use." : $"{path} cannot be opened: {exception.Message}";
            return isThere ? SwapStatus.Busy : SwapStatus.IoError;
        }

        long pages = RandomAccess.GetLength(file) / PageBytes;
        Span<byte> page = stackalloc byte[PageBytes];
        fault = pages is < 2 or > SwapLimits.MaxSlots
                ? $"{path} has {pages} pages; a swap file has 2 to {SwapLimits.MaxSlots}."
            : RandomAccess.Read(file, page, 0) != PageBytes ? $"{path} cannot be read."
            : SwapHeader.TryRead(page, (uint)pages, SwapEra.Phase4, out _, out string? wrong) ? null
            : $"{path}: {wrong}";
        if (fault is not null)
        {
            file.Dispose();
            return SwapStatus.Invalid;
        }

        backend = new FileBackend(file, (uint)pages);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override bool TryReadHeader(Span<byte> page) => RandomAccess.Read(_file, page, 0) == PageBytes;

    /// <inheritdoc/>
    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content)
    {
        try
        {
            RandomAccess.Write(_file, content, (long)slot * PageBytes);
            return SwapStatus.Done;
        }
        catch (IOException)
        {
            // The file system is full, or the device has failed: the folio stays dirty.
            return SwapStatus.IoError;
        }
    }

    /// <inheritdoc/>
    internal override SwapStatus Read(uint slot, Span<byte> content)
    {
        try
        {
            int done = 0;
            while (done < content.Length)
            {
                int read = RandomAccess.Read(_file, content[done..], ((long)slot * PageBytes) + done);
                if (read == 0)
                {
                    return SwapStatus.IoError;
                }

                done += read;
            }

            return SwapStatus.Done;
        }
        catch (IOException)
        {
            return SwapStatus.IoError;
        }
    }

    /// <inheritdoc/>
    internal override void Free(uint first, int count)
    {
        if (PunchesHoles)
        {
            _ = TryPunch(first, (uint)count);
        }
    }

    /// <inheritdoc/>
    internal override void Discard(uint first, uint count)
    {
        if (PunchesHoles)
        {
            _ = TryPunch(first, count);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }

    private bool TryPunch(uint first, uint count) =>
        fallocate(_file, KeepSize | PunchHole, (long)first * PageBytes, (long)count * PageBytes) == 0;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);
}
