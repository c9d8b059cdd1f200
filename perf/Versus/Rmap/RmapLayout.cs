using System;
using System.Collections.Generic;
using FastKsm.AddressSpaces;
using FastKsm.ReverseMapping;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>
/// The layout that the rows about reverse mapping share: one anonymous region, one anon_vma, as many VMAs as pages, made by
/// mprotect of every other page; and merged frames to walk over, spread over the region.
/// </summary>
/// <remarks>
/// Contents are fingerprints, so that a million pages fit anywhere; the walks never look at them. Walked over with
/// <see cref="FramePager.TryAge"/>, which does everything a real walk does (frame lock, list of pages, anon_vma locks, index,
/// page table) and leaves the state as it was, so that both sides can do it again.
/// </remarks>
internal sealed class RmapLayout : IDisposable
{
    /// <summary>Frames walked over, evenly spread.</summary>
    internal const int Ranks = 61;

    /// <summary>Most pages of one frame: Linux's default for max_page_sharing.</summary>
    internal const int MostItems = 256;

    // Of those with so many pages a few are enough: each of their walks has as many holds.
    private const int FullFrames = 4;

    private const ulong PageBytes = PageBuffer.PageBytes;

    private readonly Machine _machine;
    private readonly ModelProcess _process;
    private readonly ulong _start;
    private readonly int _pages;

    /// <param name="vmas">VMAs, of a page each; or one VMA of <see cref="Ranks"/> pages.</param>
    /// <param name="items">Pages of each frame: one, or <see cref="MostItems"/>.</param>
    internal RmapLayout(int vmas, int items)
    {
        int pages = int.Max(vmas, Ranks);
        _machine = new Machine(new MachineOptions
        {
            Frames = pages + 1024,
            Content = FrameContent.Fingerprint,
            MaxMapCount = pages + 1024,
        });
        _machine.Ksm.Write("smart_scan", "0");
        _machine.Ksm.Write("pages_to_scan", "1000000000");
        _machine.Ksm.Write("run", "1");
        ModelProcess process = _machine.Spawn();
        Cpu.Run(process);
        ulong start = Map(pages);
        (_process, _start, _pages) = (process, start, pages);
        for (int page = 0; page < pages; page++)
        {
            Write(start, page, items == 1 ? (ulong)page + 1 : 1);
        }

        Frames = items == 1 ? MergeAlone(process, start, pages) : MergeAll(process, start, pages);
        for (int page = 0; page < vmas && vmas > 1; page += 2)
        {
            Cpu.Protect(At(start, page), PageBytes, Protection.Read);
        }

        Cpu.Idle();

        _machine.Validate();
    }

    /// <summary>The frames.</summary>
    internal Pfn[] Frames { get; }

    /// <summary>Tables of the machine.</summary>
    internal AddressSpaceStore Store => _machine.Store;

    /// <summary>Who knows about the merged frames.</summary>
    internal IMergedFrames Merged => _machine.Merger;

    /// <summary>Somebody who walks.</summary>
    internal FramePager NewPager(Pruning pruning)
    {
        FrameWalker walker = new(Store, _machine.Merger, pruning, nodesPerHold: 0);
        return new FramePager(Store, walker, new FrameDissolver(Store, walker));
    }

    /// <summary>Walks over every frame.</summary>
    /// <param name="pager">Who walks.</param>
    /// <param name="times">How often.</param>
    /// <returns>Mean time of a hold of the anon_vma's lock, in ns.</returns>
    internal double Hold(FramePager pager, int times)
    {
        _machine.ResetWalks();
        for (int i = 0; i < times; i++)
        {
            foreach (Pfn frame in Frames)
            {
                Age(pager, frame);
            }
        }

        HoldTimes hold = _machine.Walks(WalkKind.Referenced).Hold;
        return hold.Total.TotalNanoseconds / hold.Count;
    }

    /// <summary>Walks over one frame.</summary>
    /// <returns>Nodes visited in a hold, on average over the frame's pages.</returns>
    internal double Nodes(FramePager pager, Pfn frame)
    {
        _machine.ResetWalks();
        Age(pager, frame);
        WalkFigures figures = _machine.Walks(WalkKind.Referenced);
        return (double)figures.NodesVisited / figures.Walks;
    }

    /// <summary>Walks over one frame.</summary>
    internal static void Walk(FramePager pager, Pfn frame) => Age(pager, frame);

    /// <summary>A page at random that is a read-only VMA between two others, and whose range lock is not that of the last frame.</summary>
    internal int PageElsewhere(Random random)
    {
        for (; ; )
        {
            int page = random.Next(1, _pages / 2) * 2;
            if (page < _pages - 1 && StripeOf(page) != StripeOf(_pages - 1))
            {
                return page;
            }
        }
    }

    /// <summary>Changes what a page permits.</summary>
    internal void Protect(int page, Protection protection)
    {
        Cpu.Run(_process);
        Cpu.Protect(At(_start, page), PageBytes, protection);
    }

    private Cpu Cpu => _machine.Cpus[0];

    public void Dispose() => _machine.Dispose();

    // A page's index is its number: the region has never been moved.
    private ulong StripeOf(int page) => (At(_start, page) / PageBytes >> FamilyLocks.RunShift) % FamilyLocks.Stripes;

    private static void Age(FramePager pager, Pfn frame)
    {
        if (!pager.TryAge(0, frame, out _, out _))
        {
            throw new InvalidOperationException("A walk that nothing disturbs was not done.");
        }
    }

    private ulong Map(int pages)
    {
        ulong start = Cpu.Map((ulong)pages * PageBytes, new MapOptions());
        Cpu.Advise(start, (ulong)pages * PageBytes, Advice.Mergeable);
        return start;
    }

    private static ulong At(ulong start, int page) => start + ((ulong)page * PageBytes);

    private void Write(ulong start, int page, ulong content) => Cpu.WritePage(At(start, page), content);

    // A frame with one page: a twin elsewhere merges with it and is written, which the next scan notices.
    private Pfn[] MergeAlone(ModelProcess process, ulong start, int pages)
    {
        ulong twins = Map(Ranks);
        for (int rank = 0; rank < Ranks; rank++)
        {
            Write(twins, rank, (ulong)PageOf(rank, pages) + 1);
        }

        Scan(2);
        for (int rank = 0; rank < Ranks; rank++)
        {
            Write(twins, rank, (ulong)(pages + rank) + 1);
        }

        Scan(1);
        Cpu.Unmap(twins, Ranks * PageBytes);
        Scan(1);
        Pfn[] frames = new Pfn[Ranks];
        for (int rank = 0; rank < Ranks; rank++)
        {
            frames[rank] = MergedFrame(process, At(start, PageOf(rank, pages)), items: 1);
        }

        return frames;
    }

    private Pfn[] MergeAll(ModelProcess process, ulong start, int pages)
    {
        Scan(2);
        int full = pages / MostItems;
        HashSet<Pfn> frames = [];
        for (int frame = 0; frame < FullFrames; frame++)
        {
            _ = frames.Add(MergedFrame(process, At(start, frame * (full - 1) / (FullFrames - 1) * MostItems), MostItems));
        }

        return [.. frames];
    }

    private static Pfn MergedFrame(ModelProcess process, ulong address, int items)
    {
        if (!process.IsMergedAt(address) || process.MapCountAt(address) != items)
        {
            throw new InvalidOperationException($"The page at 0x{address:x} has not come to be merged as the row wants it.");
        }

        return process.FrameAt(address);
    }

    private static int PageOf(int rank, int pages) => (int)((long)rank * (pages - 1) / (Ranks - 1));

    private void Scan(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _ = _machine.Ksm.Scan();
        }
    }
}
