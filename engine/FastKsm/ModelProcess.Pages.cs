using System;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm;

/// <content>What its pages are at this moment. Looking changes nothing.</content>
public readonly partial struct ModelProcess
{
    /// <summary>Frame that a page is mapped to; none if it is not.</summary>
    /// <param name="address">An address in the page.</param>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public Pfn FrameAt(ulong address)
    {
        Pte pte = Translate(address);
        return pte.IsPresent ? pte.Frame : Pfn.None;
    }

    /// <summary>
    /// PTEs and huge mappings that map the same frame as a page; 0 if it is not mapped, or to the zero frame.
    /// </summary>
    /// <param name="address">An address in the page.</param>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public int MapCountAt(ulong address)
    {
        Pte pte = Translate(address);
        return pte.IsCounted ? Machine.Store.Frames.MapCountOf(pte.Frame) : 0;
    }

    /// <summary>Whether a page is mapped to a zero frame.</summary>
    /// <param name="address">An address in the page.</param>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public bool IsZeroFrameAt(ulong address) => Translate(address).IsZeroFrame;

    /// <summary>Whether a page is paged out.</summary>
    /// <param name="address">An address in the page.</param>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public bool IsSwappedAt(ulong address) => Translate(address).IsSwap;

    /// <summary>Whether a page is mapped to an anonymous frame, merged or not.</summary>
    /// <param name="address">An address in the page.</param>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public bool IsAnonymousAt(ulong address) => Has(address, FrameFlags.Anonymous);

    /// <summary>Whether a page is mapped to a merged frame (a KSM page).</summary>
    /// <param name="address">An address in the page.</param>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public bool IsMergedAt(ulong address) => Has(address, FrameFlags.Ksm);

    /// <summary>Whether a page's frame is one of the 512 of a huge page, however it is mapped.</summary>
    /// <param name="address">An address in the page.</param>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public bool IsHugeAt(ulong address) => Has(address, FrameFlags.Huge);

    /// <summary>
    /// What the pages of a range are: the figures of /proc/PID/smaps, summed over the mappings in it.
    /// </summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public PageUsage UsageOf(ulong address, ulong length)
    {
        (ulong start, ulong end) = Machine.Arguments.Range(address, length);
        using SpaceUse use = Use();
        PageCounts counts = PageCounting.Count(use.Space, start, end);
        int shift = PageShift;
        return new PageUsage
        {
            Mappings = counts.Vmas,
            Size = counts.Pages << shift,
            Rss = counts.Resident << shift,
            Pss = BytesOfShares(counts.Shares, shift),
            Anonymous = counts.Anonymous << shift,
            AnonHugePages = counts.AnonymousHuge << shift,
            Ksm = counts.Merged << shift,
            SharedClean = counts.SharedClean << shift,
            SharedDirty = counts.SharedDirty << shift,
            PrivateClean = counts.PrivateClean << shift,
            PrivateDirty = counts.PrivateDirty << shift,
            Referenced = counts.Referenced << shift,
            Locked = BytesOfShares(counts.LockedShares, shift),
        };
    }

    /// <summary>Finds the mapping of an address or, where there is none, the next one behind it.</summary>
    /// <param name="address">Any address.</param>
    /// <param name="mapping">The mapping, as it is at this moment.</param>
    /// <returns>False when nothing is mapped from there on.</returns>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public bool TryFindMapping(ulong address, out Mapping mapping)
    {
        using SpaceUse use = Use();
        int shift = PageShift;
        bool found = use.Space.TryFind(address >> shift, out Vma vma);
        mapping = found
            ? new Mapping(
                vma.Start << shift, vma.Pages << shift, (Protection)(uint)(vma.Flags & VmaFlags.Access),
                (MappingAttributes)(uint)(vma.Flags & ~VmaFlags.Access))
            : default;
        return found;
    }

    /// <summary>Reads a page as a debugger does: whatever its protection, without a fault, leaving no trace.</summary>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Receives the content; one content size long.</param>
    /// <exception cref="ArgumentException">The length is not the content size.</exception>
    /// <exception cref="SegmentationFaultException">The page is not mapped.</exception>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public void Peek(ulong address, Span<byte> content)
    {
        if (content.Length != Machine.Options.ContentSize)
        {
            Throw.LengthsDiffer(nameof(content), Machine.Options.ContentSize, content.Length);
        }

        using SpaceUse use = Use();
        Failures.Check(PageAccess.Peek(use.Space, address >> PageShift, content), nameof(Peek), address);
    }

    private static long BytesOfShares(long shares, int pageShift) =>
        (long)(((Int128)shares << pageShift) >> PageCounts.ShareShift);

    /// <summary>The page-table entry of a page, as no other thread's change leaves it half-done.</summary>
    internal Pte Translate(ulong address)
    {
        using SpaceUse use = Use();
        return use.Space.Translate(address >> PageShift);
    }

    private bool Has(ulong address, FrameFlags flags)
    {
        Pte pte = Translate(address);
        return pte.IsCounted && Machine.Store.Frames[pte.Frame].Has(flags);
    }
}
