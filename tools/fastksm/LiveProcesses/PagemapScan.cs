using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Finds the present anonymous pages of an address range without reading an entry for every hole.</summary>
/// <remarks>
/// Uses the PAGEMAP_SCAN ioctl (Linux 6.7 and later), which jumps over absent page tables and tells the shared zero frame
/// apart. Where a pagemap does not take it, every entry of the range is read, 8 bytes a page, and zero frames stay in (see
/// <see cref="LeavesOutZeroFrames"/>).
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed unsafe class PagemapScan
{
    // _IOWR('f', 16, struct pm_scan_arg) with its 96 bytes.
    private const uint ScanRequest = (3u << 30) | (96u << 16) | ('f' << 8) | 16;
    private const ulong CategoryFile = 1 << 2;
    private const ulong CategoryPresent = 1 << 3;
    private const ulong CategoryZeroFrame = 1 << 5;
    private const ulong CategoryHuge = 1 << 6;
    private const int RegionCount = 512;

    // A scan hands over what it has found after so many pages: reading them can start while it goes on.
    private const int PagesPerScan = 4096;
    private const int EntriesPerRead = 8192;

    private readonly Region[] _regions = new Region[RegionCount];
    private readonly ulong _pageSize = (ulong)Environment.SystemPageSize;
    private ulong[] _entries = [];
    private bool _isRefused;

    /// <summary>Receives what a scan finds.</summary>
    internal interface IRunVisitor
    {
        /// <summary>Takes one run of pages; not necessarily as long as it could be.</summary>
        /// <param name="start">Address of the first page.</param>
        /// <param name="pageCount">Number of pages.</param>
        /// <param name="isHuge">Whether they are part of huge pages that are mapped as such.</param>
        void Found(ulong start, long pageCount, bool isHuge);
    }

    /// <summary>Whether the kernel has the ioctl, as this process's own pagemap shows.</summary>
    internal static bool TellsZeroFrames { get; } = Probe();

    /// <summary>Whether the last scan left out pages that map the shared zero frame.</summary>
    internal bool LeavesOutZeroFrames => !_isRefused;

    /// <summary>Visits the present anonymous pages of a range, ascending.</summary>
    /// <returns>False when the address space is gone.</returns>
    internal bool Visit<TVisitor>(SafeFileHandle pagemap, ulong start, ulong end, ref TVisitor visitor)
        where TVisitor : IRunVisitor, allows ref struct
    {
        bool isDone = false;

        // The target's own file is asked: a sandbox, a recorded tree and another kernel's /proc each answer for themselves.
        if (!_isRefused && VisitRegions(pagemap, start, end, ref visitor, out isDone))
        {
            return isDone;
        }

        if (!_isRefused)
        {
            _isRefused = true;
            _entries = new ulong[EntriesPerRead];
        }

        return VisitEntries(pagemap, start, end, ref visitor);
    }

    // False where the file does not take the request; nothing has been visited then.
    private bool VisitRegions<TVisitor>(
        SafeFileHandle pagemap, ulong start, ulong end, ref TVisitor visitor, out bool isDone)
        where TVisitor : IRunVisitor, allows ref struct
    {
        isDone = false;
        fixed (Region* regions = _regions)
        {
            while (start < end)
            {
                ScanArguments arguments = Arguments(start, end, regions, RegionCount);
                CallWatch.Begin();
                int found = LinuxNative.ioctl((int)pagemap.DangerousGetHandle(), ScanRequest, &arguments);
                int error = found < 0 ? Marshal.GetLastPInvokeError() : 0;
                GC.KeepAlive(pagemap);
                CallWatch.End();
                if (error != 0)
                {
                    return error is not (LinuxNative.ErrorNoSuchRequest or LinuxNative.ErrorInvalid);
                }

                for (int i = 0; i < found; i++)
                {
                    visitor.Found(
                        regions[i].Start,
                        (long)((regions[i].End - regions[i].Start) / _pageSize),
                        (regions[i].Categories & CategoryHuge) != 0);
                }

                if (arguments.WalkEnd <= start)
                {
                    return true; // The kernel promises progress; without it the loop would not end.
                }

                start = arguments.WalkEnd;
            }
        }

        isDone = true;
        return true;
    }

    private bool VisitEntries<TVisitor>(SafeFileHandle pagemap, ulong start, ulong end, ref TVisitor visitor)
        where TVisitor : IRunVisitor, allows ref struct
    {
        fixed (ulong* entries = _entries)
        {
            while (start < end)
            {
                nuint wanted = (nuint)Math.Min((end - start) / _pageSize, EntriesPerRead);
                long read = ProcFile.ReadAt(pagemap, entries, wanted * sizeof(ulong), EntryOffset(start)) / sizeof(ulong);
                if (read <= 0)
                {
                    return false;
                }

                for (long i = 0, first; i < read; i++)
                {
                    for (first = i; i < read && new PagemapEntry(entries[i]).IsPresentAnonymous; i++)
                    {
                    }

                    if (i > first)
                    {
                        visitor.Found(start + ((ulong)first * _pageSize), i - first, isHuge: false);
                    }
                }

                start += (ulong)read * _pageSize;
            }
        }

        return true;
    }

    private long EntryOffset(ulong address) => (long)(address / _pageSize * sizeof(ulong));

    private static ScanArguments Arguments(ulong start, ulong end, Region* regions, int count) => new()
    {
        Size = (ulong)sizeof(ScanArguments),
        Start = start,
        End = end,
        Regions = (ulong)regions,
        RegionLength = (ulong)count,
        MaximumPages = PagesPerScan,
        CategoryInverted = CategoryFile | CategoryZeroFrame,
        CategoryMask = CategoryPresent | CategoryFile | CategoryZeroFrame,
        ReturnMask = CategoryPresent | CategoryHuge,
    };

    // Asked of this process's own first stack page: the answer is the kernel's, not the target's.
    private static bool Probe()
    {
        using SafeFileHandle? pagemap = ProcFile.TryOpen("/proc/self/pagemap", LinuxNative.OpenReadOnly, out _);
        if (pagemap is null)
        {
            return false;
        }

        Region region;
        ulong pageSize = (ulong)Environment.SystemPageSize;
        ulong page = (ulong)&region & ~(pageSize - 1);
        ScanArguments arguments = Arguments(page, page + pageSize, &region, 1);
        Debug.Assert(sizeof(ScanArguments) == 96, "The request number holds the size.");
        return LinuxNative.ioctl((int)pagemap.DangerousGetHandle(), ScanRequest, &arguments) >= 0;
    }

    // struct page_region of linux/fs.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct Region
    {
        internal ulong Start;
        internal ulong End;
        internal ulong Categories;
    }

    // struct pm_scan_arg of linux/fs.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct ScanArguments
    {
        internal ulong Size;
        internal ulong Flags;
        internal ulong Start;
        internal ulong End;
        internal ulong WalkEnd;
        internal ulong Regions;
        internal ulong RegionLength;
        internal ulong MaximumPages;
        internal ulong CategoryInverted;
        internal ulong CategoryMask;
        internal ulong CategoryAnyOfMask;
        internal ulong ReturnMask;
    }
}
