using System;
using System.Runtime.InteropServices;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>
/// Merged pages, each the last one of its frame, spread over a region of one anon_vma, and paged out: by the same steps on the
/// engine and on the running kernel.
/// </summary>
/// <remarks>
/// A page holds one word again and again: a zram disk keeps such a page in its table and compresses nothing, which is the least
/// that the kernel can come away with.
/// </remarks>
internal sealed class PageOutLayout
{
    // Far above the kernel agent's program, and far apart.
    private const ulong Region = 0x10_0000_0000;
    private const ulong Twins = 0x20_0000_0000;

    private const int Ranks = RmapLayout.Ranks;
    private const int PageBytes = PageBuffer.PageBytes;
    private const int PagesPerWrite = 16;

    // Pages that have come back from swap are new to the scanner: it drops their items, takes their checksums, and merges.
    private const int ScansToMerge = 3;

    private readonly IScriptPerformer _performer;
    private readonly ulong[] _pages = new ulong[Ranks];
    private readonly ulong[] _contents = new ulong[Ranks];
    private ulong _written;

    /// <param name="performer">The engine or the kernel, not started.</param>
    /// <param name="vmas">VMAs, of a page each; or one VMA of as many pages as are paged out.</param>
    internal PageOutLayout(IScriptPerformer performer, int vmas)
    {
        _performer = performer;
        int pages = int.Max(vmas, Ranks);
        performer.Start(new MachineSettings { Frames = pages + 1024 });
        performer.Spawn(0, string.Empty, 0);
        Map(Region, pages);
        Write(Region, pages);
        for (int rank = 0; rank < Ranks; rank++)
        {
            int page = (int)((long)rank * (pages - 1) / (Ranks - 1));
            _pages[rank] = Region + ((ulong)page * PageBytes);
            _contents[rank] = (ulong)page + 1;
        }

        for (int page = 0; page < vmas && vmas > 1; page += 2)
        {
            performer.Protect(0, new PageRun(Region + ((ulong)page * PageBytes), 1), Protection.Read);
        }

        if (performer.VmasOf(0).Count != vmas)
        {
            throw new InvalidOperationException($"There are {performer.VmasOf(0).Count} VMAs, not {vmas}.");
        }
    }

    /// <summary>Merges the pages with twins elsewhere, which then change.</summary>
    internal void Merge()
    {
        Map(Twins, Ranks);
        for (int rank = 0; rank < Ranks; rank++)
        {
            _performer.Read(0, new PageRun(_pages[rank], 1));
            WriteOne(Twin(rank), _contents[rank]);
        }

        Scan(ScansToMerge);
        RequireMerged(items: 2);
        for (int rank = 0; rank < Ranks; rank++)
        {
            WriteOne(Twin(rank), ++_written);
        }

        Scan(1);
        _performer.Unmap(0, new PageRun(Twins, Ranks));
        Scan(1);
        RequireMerged(items: 1);
    }

    /// <summary>Pages them out.</summary>
    /// <param name="pageOut">Pages out what is at the addresses; returns what that took, in ns.</param>
    /// <returns>Mean time for a page, in ns.</returns>
    internal double PageOut(Func<ulong[], double> pageOut)
    {
        double time = pageOut(_pages);
        foreach (ulong page in _pages)
        {
            if (_performer.StateAt(0, page, PageState.Swapped) != PageState.Swapped)
            {
                throw new InvalidOperationException($"The page at 0x{page:x} has not been paged out.");
            }
        }

        return time / Ranks;
    }

    private static ulong Twin(int rank) => Twins + ((ulong)rank * PageBytes);

    private void Map(ulong address, int pages)
    {
        _ = _performer.Map(0, (ulong)pages, new MapSettings(), address);
        _performer.Advise(0, new PageRun(address, (ulong)pages), MemoryAdvice.Mergeable);
    }

    // Page i of the region has content i + 1.
    private void Write(ulong address, int pages)
    {
        Span<byte> bytes = new byte[PagesPerWrite * PageBytes];
        for (int done = 0; done < pages; done += PagesPerWrite)
        {
            int count = int.Min(PagesPerWrite, pages - done);
            for (int i = 0; i < count; i++)
            {
                Fill(bytes.Slice(i * PageBytes, PageBytes), ++_written);
            }

            _performer.Poke(0, address + ((ulong)done * PageBytes), bytes[..(count * PageBytes)]);
        }
    }

    private void WriteOne(ulong address, ulong content)
    {
        Span<byte> bytes = stackalloc byte[PageBytes];
        Fill(bytes, content);
        _performer.Poke(0, address, bytes);
    }

    private static void Fill(Span<byte> page, ulong content) => MemoryMarshal.Cast<byte, ulong>(page).Fill(content);

    private void Scan(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _performer.Scan();
        }
    }

    private void RequireMerged(int items)
    {
        foreach (ulong page in _pages)
        {
            if (!_performer.StateAt(0, page, PageState.Merged).HasFlag(PageState.Merged) || _performer.MapCountAt(0, page) != items)
            {
                throw new InvalidOperationException($"The page at 0x{page:x} has not come to be merged as the row wants it.");
            }
        }
    }
}
