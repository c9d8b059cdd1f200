using System;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm;

/// <content>System calls on the memory of the process that runs.</content>
/// <remarks>
/// What Linux refuses is refused with a <see cref="MemoryOperationException"/> that bears Linux's error number; what runs
/// out, with an <see cref="OutOfFramesException"/> or an <see cref="OutOfNativeMemoryException"/>. A call on an idle CPU, or by another
/// thread than its driver, is an <see cref="InvalidOperationException"/>. Addresses and lengths are in bytes, whole pages.
/// </remarks>
public sealed partial class Cpu
{
    /// <summary>Maps memory.</summary>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <param name="options">How.</param>
    /// <returns>First address.</returns>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space or machine.</exception>
    /// <exception cref="MemoryOperationException">No room, or too many mappings.</exception>
    public ulong Map(ulong length, in MapOptions options)
    {
        ulong pages = _machine.Arguments.Length(length, nameof(length));
        if (options.Node is { } node && (node < 0 || node >= _machine.Options.Nodes))
        {
            Throw.OutOfRange(nameof(options), node, $"a node from 0 to {_machine.Options.Nodes - 1}");
        }

        ulong? at = options.At is { } fixedAt ? _machine.Arguments.Start(fixedAt, pages, nameof(options)) : null;
        VmaFlags flags = Permits(options.Protection, nameof(options))
            | (options.Shared ? VmaFlags.Shared : VmaFlags.None)
            | (options.NoReserve ? VmaFlags.NoReserve : VmaFlags.None)
            | (options.HugePages ? VmaFlags.HugePage : VmaFlags.None);
        bool backed = options.Shared || options.FileBacked;
        short from = (short)(options.Node ?? -1);
        MemoryStatus status = Enter().Space.Map(Number, at, pages, flags, backed, from, out ulong start);
        _machine.Events.Flush();
        Failures.Check(status, nameof(Map), options.At ?? 0);
        return start << _pageShift;
    }

    /// <summary>Unmaps a range; holes in it do not matter.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">It would take too many mappings.</exception>
    public void Unmap(ulong address, ulong length)
    {
        (ulong start, ulong end) = _machine.Arguments.Range(address, length);
        Failures.Check(Enter().Space.Unmap(Number, start, end), nameof(Unmap), address);
    }

    /// <summary>Changes what a range permits; stops at a hole, as Linux does.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <param name="protection">What it permits from now on.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">A hole, or too many mappings.</exception>
    public void Protect(ulong address, ulong length, Protection protection)
    {
        (ulong start, ulong end) = _machine.Arguments.Range(address, length);
        VmaFlags access = Permits(protection, nameof(protection));
        Failures.Check(Enter().Space.Protect(Number, start, end, access), nameof(Protect), address);
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
        (ulong start, ulong end) = _machine.Arguments.Range(address, length);
        if (advice is < Advice.Normal or > Advice.PageOut)
        {
            Throw.OutOfRange(nameof(advice), advice, "an advice");
        }

        AddressSpace space = Enter().Space;
        MemoryStatus status = space.Advise(Number, start, end, advice, out ulong reached);
        if (advice == Advice.PageOut)
        {
            _ = PageOutEach(space, start, reached, aloneOnly: true);
        }

        _machine.Events.Flush();
        Failures.Check(status, nameof(Advise), address);
    }

    /// <summary>Locks a range in memory and faults it in.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">A hole, a page that permits nothing, or too many mappings.</exception>
    /// <exception cref="OutOfFramesException">No frame is free; the range is locked, but not all of it is resident.</exception>
    public void Lock(ulong address, ulong length)
    {
        (ulong start, ulong end) = _machine.Arguments.Range(address, length);
        Failures.Check(Enter().Space.Lock(Number, start, end, locked: true), nameof(Lock), address);
    }

    /// <summary>Takes <see cref="Lock"/> back.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="MemoryOperationException">A hole, or too many mappings.</exception>
    public void Unlock(ulong address, ulong length)
    {
        (ulong start, ulong end) = _machine.Arguments.Range(address, length);
        Failures.Check(Enter().Space.Lock(Number, start, end, locked: false), nameof(Unlock), address);
    }

    /// <summary>
    /// Moves or resizes a range of one mapping; moved to a given place without resizing, a range may hold several.
    /// </summary>
    /// <param name="address">First address.</param>
    /// <param name="oldLength">Bytes now; a positive number of whole pages.</param>
    /// <param name="newLength">Bytes afterwards; a positive number of whole pages.</param>
    /// <param name="mayMove">Whether it may go elsewhere when it cannot grow where it is (MREMAP_MAYMOVE).</param>
    /// <param name="to">
    /// Where it must go, whatever is there being unmapped (MREMAP_FIXED); null for no such wish.
    /// </param>
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
        (ulong start, ulong end) = _machine.Arguments.Range(address, oldLength);
        ulong pages = _machine.Arguments.Length(newLength, nameof(newLength));
        ulong? target = to is { } fixedAt ? _machine.Arguments.Start(fixedAt, pages, nameof(to)) : null;
        MemoryStatus status = Enter().Space.Remap(
            Number, start, end - start, pages, mayMove, target, keepsMapping, out ulong newStart);
        Failures.Check(status, nameof(Remap), address);
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

        Failures.Check(PageLending.Pin(Enter().Space, Number, address >> _pageShift, kind, out uint pin), nameof(Pin), address);
        return new FramePin(_machine, Number, pin, _machine.Store.Pins[pin]);
    }

    /// <summary>
    /// Makes every compatible mapping, present and future, a candidate for merging, or takes that back (prctl).
    /// </summary>
    /// <param name="enabled">Whether to merge. Taking back what was not given changes nothing.</param>
    /// <exception cref="OutOfFramesException">No frame is free for a merged page that has to become private.</exception>
    public void SetMergesAnything(bool enabled)
    {
        MemoryStatus status = Enter().Space.SetMergeAny(Number, enabled);
        _machine.Events.Flush();
        Failures.Check(status, nameof(SetMergesAnything), 0);
    }

    private static VmaFlags Permits(Protection protection, string parameter)
    {
        const Protection All = Protection.Read | Protection.Write | Protection.Execute;
        if ((protection & ~All) != Protection.None)
        {
            Throw.OutOfRange(parameter, protection, "a combination of Read, Write and Execute");
        }

        return (VmaFlags)(uint)protection;
    }
}
