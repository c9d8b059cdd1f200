using System;
using System.Threading;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>A process: an address space and the system calls on it. Addresses and lengths are in bytes, whole pages.</summary>
/// <remarks>
/// What Linux refuses is refused with a <see cref="MemoryOperationException"/> that bears Linux's error number; what runs
/// out, with an <see cref="OutOfFramesException"/> or an <see cref="OutOfNativeMemoryException"/>.
/// Thread safety: all members may be called concurrently, but for exec and exit, which nothing may accompany.
/// </remarks>
public sealed partial class Process
{
    private const string HasExitedMessage = "The process has exited.";

    private readonly Machine _machine;
    private readonly int _pageShift;
    private AddressSpace<MachineObserver> _space;
    private Cpu _cpu;
    private int _hasExited;

    internal Process(Machine machine, AddressSpace<MachineObserver> space, Cpu cpu)
    {
        _machine = machine;
        _pageShift = machine.Options.PageShift;
        _space = space;
        _cpu = cpu;
    }

    /// <summary>CPU on whose behalf its system calls run: frames come from its node first.</summary>
    /// <exception cref="ArgumentNullException">Set to null.</exception>
    public Cpu Cpu
    {
        get => _cpu;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _cpu = value;
        }
    }

    /// <summary>Whether the process has exited.</summary>
    public bool HasExited => Volatile.Read(ref _hasExited) != 0;

    /// <summary>Mappings (<c>map_count</c>).</summary>
    public int MapCount => _space.VmaCount;

    /// <summary>Bytes in mappings (VmSize).</summary>
    public ulong MappedBytes => _space.MappedPages << _pageShift;

    /// <summary>Bytes in locked mappings (VmLck).</summary>
    public ulong LockedBytes => _space.LockedPages << _pageShift;

    /// <summary>Present anonymous pages, merged ones included (RssAnon), in pages.</summary>
    public long ResidentAnonymousPages => _space.ResidentAnonymous;

    /// <summary>Present pages of backing objects (RssFile and RssShmem), in pages.</summary>
    public long ResidentBackedPages => _space.ResidentBacked;

    /// <summary>Paged-out pages (VmSwap), in pages.</summary>
    public long SwappedPages => _space.SwapEntries;

    /// <summary>Whether every compatible mapping is a candidate for merging (PR_GET_MEMORY_MERGE).</summary>
    public bool MergesAnything => _space.MergeAny;

    /// <summary>What merging has to do with the process (/proc/PID/ksm_stat).</summary>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public KsmStat KsmStat
    {
        get
        {
            AddressSpace<MachineObserver> space = Enter();
            (long items, long merging) = _machine.Merger.CountsOf(space.Id);
            return new KsmStat
            {
                RmapItems = items,
                ZeroPages = space.MergerZeroPages,
                MergingPages = merging,
                ProcessProfit = Ksm.Profit(merging + space.MergerZeroPages, items, _machine.Options.PageSize),
                MergeAny = space.MergeAny,
                Mergeable = space.HasMergeable,
            };
        }
    }

    /// <summary>Id of its address space: <c>mm</c> in events. A new program has a new one.</summary>
    public long AddressSpaceId => _space.Id;

    /// <summary>Its address space, whether or not it has exited.</summary>
    internal AddressSpace<MachineObserver> Space => _space;

    /// <summary>Maps memory.</summary>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <param name="options">How.</param>
    /// <returns>First address.</returns>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space or machine.</exception>
    /// <exception cref="MemoryOperationException">No room, or too many mappings.</exception>
    public ulong Map(ulong length, in MapOptions options)
    {
        ulong pages = Length(length, nameof(length));
        if (options.Node is { } node && (node < 0 || node >= _machine.Options.Nodes))
        {
            Throw.OutOfRange(nameof(options), node, $"a node from 0 to {_machine.Options.Nodes - 1}");
        }

        ulong? at = options.At is { } fixedAt ? Range(fixedAt, pages, nameof(options)) : null;
        VmaFlags flags = Access(options.Protection, nameof(options))
            | (options.Shared ? VmaFlags.Shared : VmaFlags.None)
            | (options.NoReserve ? VmaFlags.NoReserve : VmaFlags.None)
            | (options.HugePages ? VmaFlags.HugePage : VmaFlags.None);
        bool backed = options.Shared || options.FileBacked;
        short from = (short)(options.Node ?? -1);
        MemoryStatus status = Enter().Map(_cpu.Number, at, pages, flags, backed, from, out ulong start);
        _machine.Events.Flush();
        Check(status, nameof(Map), options.At ?? 0);
        return start << _pageShift;
    }

    /// <summary>Unmaps a range; holes in it do not matter.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">It would take too many mappings.</exception>
    public void Unmap(ulong address, ulong length)
    {
        (ulong start, ulong end) = Span(address, length);
        Check(Enter().Unmap(_cpu.Number, start, end), nameof(Unmap), address);
    }

    /// <summary>Changes what a range permits; stops at a hole, as Linux does.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <param name="protection">What it permits from now on.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">A hole, or too many mappings.</exception>
    public void Protect(ulong address, ulong length, Protection protection)
    {
        (ulong start, ulong end) = Span(address, length);
        VmaFlags access = Access(protection, nameof(protection));
        Check(Enter().Protect(_cpu.Number, start, end, access), nameof(Protect), address);
    }

    /// <summary>Advises about a range; goes on behind a hole and reports it at the end, as Linux does.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <param name="advice">The advice.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, outside the address space, or no advice.</exception>
    /// <exception cref="MemoryOperationException">A hole, too many mappings, or a mapping that it does not apply to.</exception>
    /// <exception cref="OutOfFramesException">No frame is free for a page to be populated or unmerged.</exception>
    public void Advise(ulong address, ulong length, Advice advice)
    {
        (ulong start, ulong end) = Span(address, length);
        if (advice is < Advice.Normal or > Advice.PageOut)
        {
            Throw.OutOfRange(nameof(advice), advice, "an advice");
        }

        MemoryStatus status = Enter().Advise(_cpu.Number, start, end, advice, out ulong reached);
        if (advice == Advice.PageOut)
        {
            _ = PageOutEach(start, reached, aloneOnly: true);
        }

        _machine.Events.Flush();
        Check(status, nameof(Advise), address);
    }

    /// <summary>Locks a range in memory and faults it in.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">A hole, a page that permits nothing, or too many mappings.</exception>
    /// <exception cref="OutOfFramesException">No frame is free; the range is locked, but not all of it is resident.</exception>
    public void Lock(ulong address, ulong length)
    {
        (ulong start, ulong end) = Span(address, length);
        Check(Enter().Lock(_cpu.Number, start, end, locked: true), nameof(Lock), address);
    }

    /// <summary>Takes <see cref="Lock"/> back.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">A hole, or too many mappings.</exception>
    public void Unlock(ulong address, ulong length)
    {
        (ulong start, ulong end) = Span(address, length);
        Check(Enter().Lock(_cpu.Number, start, end, locked: false), nameof(Unlock), address);
    }

    /// <summary>
    /// Moves or resizes a range of one mapping; moved to a given place without resizing, a range may hold several.
    /// </summary>
    /// <param name="address">First address.</param>
    /// <param name="oldLength">Bytes now; a positive number of whole pages.</param>
    /// <param name="newLength">Bytes afterwards; a positive number of whole pages.</param>
    /// <param name="mayMove">Whether it may go elsewhere when it cannot grow where it is (MREMAP_MAYMOVE).</param>
    /// <param name="to">Where it must go, whatever is there being unmapped (MREMAP_FIXED); null for no such wish.</param>
    /// <param name="keepsMapping">
    /// Whether the old place stays mapped, without pages (MREMAP_DONTUNMAP); takes a move without resizing.
    /// </param>
    /// <returns>First address afterwards.</returns>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">The range is not one mapping, there is no room, or the places overlap.</exception>
    /// <exception cref="OutOfFramesException">
    /// No frame is free for a merged page that has to become private; of several mappings, those before it have moved.
    /// </exception>
    public ulong Remap(
        ulong address, ulong oldLength, ulong newLength, bool mayMove = true, ulong? to = null, bool keepsMapping = false)
    {
        (ulong start, ulong end) = Span(address, oldLength);
        ulong pages = Length(newLength, nameof(newLength));
        ulong? target = to is { } fixedAt ? Range(fixedAt, pages, nameof(to)) : null;
        MemoryStatus status = Enter().Remap(
            _cpu.Number, start, end - start, pages, mayMove, target, keepsMapping, out ulong newStart);
        Check(status, nameof(Remap), address);
        return newStart << _pageShift;
    }

    /// <summary>Borrows the frame of a page for a device or a pipe.</summary>
    /// <param name="address">An address in the page.</param>
    /// <param name="kind">What for.</param>
    /// <returns>The loan; dispose of it to give the frame back.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is none of its values.</exception>
    /// <exception cref="SegmentationFaultException">The page is not mapped, or does not permit it.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    public FramePin Pin(ulong address, PinKind kind)
    {
        if (kind is < PinKind.Reference or > PinKind.Write)
        {
            Throw.OutOfRange(nameof(kind), kind, "a kind of pin");
        }

        Check(Enter().Pin(_cpu.Number, address >> _pageShift, kind, out uint pin), nameof(Pin), address);
        return new FramePin(_machine, _cpu.Number, pin, _machine.Store.Pins[pin].Frame);
    }

    /// <summary>Makes every compatible mapping, present and future, a candidate for merging, or takes that back (prctl).</summary>
    /// <param name="enabled">Whether to merge. Taking back what was not given changes nothing.</param>
    /// <exception cref="OutOfFramesException">No frame is free for a merged page that has to become private.</exception>
    public void SetMergesAnything(bool enabled)
    {
        MemoryStatus status = Enter().SetMergeAny(_cpu.Number, enabled);
        _machine.Events.Flush();
        Check(status, nameof(SetMergesAnything), 0);
    }

    /// <summary>Makes a child with a copy of the address space; frames are shared until written.</summary>
    /// <exception cref="OutOfFramesException">No frame is free for the copy of a pinned page.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for the child's tables.</exception>
    public Process Fork()
    {
        AddressSpace<MachineObserver> child = _machine.NewAddressSpace();
        MemoryStatus status = Enter().ForkInto(_cpu.Number, child);
        _machine.Events.Flush();
        Check(status, nameof(Fork), 0);
        return _machine.Adopt(child, _cpu);
    }

    /// <summary>Starts a new program: an empty address space, which keeps only <see cref="MergesAnything"/>.</summary>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for it.</exception>
    public void Exec()
    {
        AddressSpace<MachineObserver> old = Enter();
        AddressSpace<MachineObserver> fresh = _machine.NewAddressSpace();
        Check(fresh.TryInherit(old) ? MemoryStatus.Done : MemoryStatus.OutOfNativeMemory, nameof(Exec), 0);
        _space = fresh;
        old.Exit(_cpu.Number);
        _machine.Events.Flush();
    }

    /// <summary>Ends the process and unmaps everything.</summary>
    /// <exception cref="InvalidOperationException">The process has exited, or another thread is ending it.</exception>
    public void Exit()
    {
        AddressSpace<MachineObserver> space = Enter();
        if (Interlocked.Exchange(ref _hasExited, 1) != 0)
        {
            throw new InvalidOperationException(HasExitedMessage);
        }

        space.Exit(_cpu.Number);
        _machine.Forget(this);
        _machine.Events.Flush();
    }

    /// <summary>Frame that a page is mapped to at this moment; none if it is not.</summary>
    /// <param name="address">An address in the page.</param>
    public Pfn FrameAt(ulong address)
    {
        Pte pte = Enter().Translate(address >> _pageShift);
        return pte.IsPresent ? pte.Frame : Pfn.None;
    }

    /// <summary>PTEs and huge mappings that map the same frame as a page; 0 if it is not mapped, or to the zero frame.</summary>
    /// <param name="address">An address in the page.</param>
    public int MapCountAt(ulong address)
    {
        Pte pte = Enter().Translate(address >> _pageShift);
        return pte.IsCounted ? _machine.Store.Frames.MapCountOf(pte.Frame) : 0;
    }

    /// <summary>Whether a page is mapped to a zero frame at this moment.</summary>
    /// <param name="address">An address in the page.</param>
    public bool IsZeroFrameAt(ulong address) => Enter().Translate(address >> _pageShift).IsZeroFrame;

    /// <summary>Whether a page is paged out at this moment.</summary>
    /// <param name="address">An address in the page.</param>
    public bool IsSwappedAt(ulong address) => Enter().Translate(address >> _pageShift).IsSwap;

    /// <summary>What the pages of a range are: the figures of /proc/PID/smaps, summed over the mappings in it.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    public PageUsage UsageOf(ulong address, ulong length)
    {
        (ulong start, ulong end) = Span(address, length);
        PageCounts counts = Enter().Count(start, end);
        return new PageUsage
        {
            Mappings = counts.Vmas,
            Size = counts.Pages << _pageShift,
            Rss = counts.Resident << _pageShift,
            Pss = BytesOfShares(counts.Shares),
            Anonymous = counts.Anonymous << _pageShift,
            AnonHugePages = counts.AnonymousHuge << _pageShift,
            Ksm = counts.Merged << _pageShift,
            SharedClean = counts.SharedClean << _pageShift,
            SharedDirty = counts.SharedDirty << _pageShift,
            PrivateClean = counts.PrivateClean << _pageShift,
            PrivateDirty = counts.PrivateDirty << _pageShift,
            Referenced = counts.Referenced << _pageShift,
            Locked = BytesOfShares(counts.LockedShares),
        };
    }

    /// <summary>Whether a page is mapped to an anonymous frame, merged or not, at this moment.</summary>
    /// <param name="address">An address in the page.</param>
    public bool IsAnonymousAt(ulong address) => Has(address, FrameFlags.Anonymous);

    /// <summary>Whether a page is mapped to a merged frame (a KSM page) at this moment.</summary>
    /// <param name="address">An address in the page.</param>
    public bool IsMergedAt(ulong address) => Has(address, FrameFlags.Ksm);

    /// <summary>Whether a page's frame is one of the 512 of a huge page at this moment, however it is mapped.</summary>
    /// <param name="address">An address in the page.</param>
    public bool IsHugeAt(ulong address) => Has(address, FrameFlags.Huge);

    /// <summary>Finds the mapping of an address or, where there is none, the next one behind it.</summary>
    /// <param name="address">Any address.</param>
    /// <param name="mapping">The mapping, as it is at this moment.</param>
    /// <returns>False when nothing is mapped from there on.</returns>
    public bool TryFindMapping(ulong address, out Mapping mapping)
    {
        bool found = Enter().TryFind(address >> _pageShift, out Vma vma);
        mapping = found
            ? new Mapping(
                vma.Start << _pageShift, vma.Pages << _pageShift, (Protection)(uint)(vma.Flags & VmaFlags.Access),
                (MappingAttributes)(uint)(vma.Flags & ~VmaFlags.Access))
            : default;
        return found;
    }

    /// <summary>Reads a page as a debugger does: whatever its protection, without a fault, leaving no trace.</summary>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Receives the content; one content size long.</param>
    /// <exception cref="ArgumentException">The length is not the content size.</exception>
    /// <exception cref="SegmentationFaultException">The page is not mapped.</exception>
    public void Peek(ulong address, Span<byte> content)
    {
        if (content.Length != _machine.Options.ContentSize)
        {
            Throw.LengthsDiffer(nameof(content), _machine.Options.ContentSize, content.Length);
        }

        Check(Enter().Peek(address >> _pageShift, content), nameof(Peek), address);
    }

    private long BytesOfShares(long shares) => (long)(((Int128)shares << _pageShift) >> PageCounts.ShareShift);

    private bool Has(ulong address, FrameFlags flags)
    {
        Pte pte = Enter().Translate(address >> _pageShift);
        return pte.IsCounted && _machine.Store.Frames[pte.Frame].Has(flags);
    }
}
