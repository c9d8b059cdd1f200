using System;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm;

/// <content>What is checked at the edge before anything happens.</content>
public sealed partial class Process
{
    /// <summary>The address space, if the process lives and belongs to this machine.</summary>
    internal AddressSpace<MachineObserver> SpaceOn(Machine machine)
    {
        if (machine != _machine)
        {
            throw new ArgumentException("The process belongs to another machine.", nameof(machine));
        }

        return Enter();
    }

    private static void Check(MemoryStatus status, string operation, ulong address)
    {
        if (status != MemoryStatus.Done)
        {
            Failures.Throw(status, operation, address);
        }
    }

    private static VmaFlags Access(Protection protection, string parameter)
    {
        const Protection All = Protection.Read | Protection.Write | Protection.Execute;
        if ((protection & ~All) != Protection.None)
        {
            Throw.OutOfRange(parameter, protection, "a combination of Read, Write and Execute");
        }

        return (VmaFlags)(uint)protection;
    }

    private AddressSpace<MachineObserver> Enter()
    {
        _machine.ThrowIfDisposed();
        return HasExited ? throw new InvalidOperationException(HasExitedMessage) : _space;
    }

    private ulong Length(ulong bytes, string parameter)
    {
        ulong pages = Aligned(bytes, parameter);
        if (pages == 0 || pages > _machine.Store.PageLimit)
        {
            Throw.OutOfRange(parameter, bytes, $"1 to {_machine.Store.PageLimit} pages");
        }

        return pages;
    }

    private ulong Range(ulong address, ulong pages, string parameter)
    {
        ulong start = Aligned(address, parameter);
        if (start > _machine.Store.PageLimit - pages)
        {
            Throw.OutOfRange(parameter, address, $"a range below 0x{_machine.Store.PageLimit << _pageShift:x}");
        }

        return start;
    }

    private (ulong Start, ulong End) Span(ulong address, ulong length)
    {
        ulong pages = Length(length, nameof(length));
        ulong start = Range(address, pages, nameof(address));
        return (start, start + pages);
    }

    private ulong Aligned(ulong value, string parameter)
    {
        if ((value & ((1UL << _pageShift) - 1)) != 0)
        {
            Throw.NotPageAligned(parameter, value, 1UL << _pageShift);
        }

        return value >> _pageShift;
    }
}
