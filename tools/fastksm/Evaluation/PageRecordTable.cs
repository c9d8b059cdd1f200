using System;
using System.Diagnostics;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Evaluation;

/// <summary>The records of all pages: one reservation of addresses, committed as pages are found.</summary>
/// <remarks>
/// Records never move while they are collected, so that several threads may write theirs while one commits more.
/// Thread safety: <see cref="Commit"/> by one thread; slots that are committed may be written by any, each by one.
/// </remarks>
internal sealed unsafe class PageRecordTable : SafeHandleMinusOneIsInvalid
{
    private const nuint CommitStep = 16 * 1024 * 1024;

    private readonly nuint _reservedBytes;
    private nuint _committedBytes;

    /// <summary>Reserves room; no memory is used yet.</summary>
    /// <param name="capacity">Most pages there can be.</param>
    /// <exception cref="ToolException">Not even a small reservation is possible.</exception>
    internal PageRecordTable(int capacity)
        : base(ownsHandle: true)
    {
        // A limit on address space (ulimit -v) may forbid what a large host could need: take what there is.
        for (long records = capacity; records >= CommitStepRecords; records /= 2)
        {
            _reservedBytes = (nuint)(records * sizeof(PageRecord)) / CommitStep * CommitStep;
            nint address = LinuxNative.mmap(
                0, _reservedBytes, LinuxNative.ProtectNone, LinuxNative.MapPrivateAnonymousNoReserve, -1, 0);
            if (address != -1)
            {
                SetHandle(address);
                return;
            }
        }

        throw new ToolException(ExitCode.Exhausted, "no address space for page records (see 'ulimit -v').");
    }

    /// <summary>Number of records in use.</summary>
    internal int Count { get; private set; }

    private static int CommitStepRecords => (int)CommitStep / sizeof(PageRecord);

    /// <summary>Makes room for more records, zero-filled.</summary>
    /// <param name="more">Number of records.</param>
    /// <exception cref="ToolException">Out of memory.</exception>
    internal void Commit(int more)
    {
        long count = (long)Count + more;
        nuint needed = (nuint)(count * sizeof(PageRecord));
        if (needed > _committedBytes)
        {
            nuint committed = (needed + CommitStep - 1) / CommitStep * CommitStep;
            if (committed > _reservedBytes
                || LinuxNative.mprotect(
                    handle + (nint)_committedBytes, committed - _committedBytes, LinuxNative.ProtectReadWrite) != 0)
            {
                throw new ToolException(
                    ExitCode.Exhausted, $"no memory for the records of {count} pages ({sizeof(PageRecord)} bytes each).");
            }

            _committedBytes = committed;
        }

        Count = (int)count;
    }

    /// <summary>One record.</summary>
    internal ref PageRecord this[int index]
    {
        get
        {
            Debug.Assert((uint)index < (uint)Count, "Beyond the committed records.");
            return ref ((PageRecord*)handle)[index];
        }
    }

    /// <summary>A stretch of records.</summary>
    internal Span<PageRecord> Slice(int start, int length)
    {
        Debug.Assert(start >= 0 && length >= 0 && start <= Count - length, "Beyond the committed records.");
        return new Span<PageRecord>((PageRecord*)handle + start, length);
    }

    /// <summary>Drops all records but the first ones.</summary>
    internal void Truncate(int count)
    {
        Debug.Assert((uint)count <= (uint)Count, "Truncating makes shorter.");
        Count = count;
    }

    /// <summary>Drops the records that a filter refuses; the rest stay in order.</summary>
    internal void Compact<TFilter>(TFilter filter)
        where TFilter : struct, IPageRecordFilter
    {
        PageRecord* records = (PageRecord*)handle;
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (filter.Keeps(in records[i]))
            {
                records[kept++] = records[i];
            }
        }

        Count = kept;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LinuxNative.munmap(handle, _reservedBytes) == 0;
}
