using System;
using System.Collections.Immutable;

namespace FastKsm.Scripting.Running;

/// <summary>What the runner knows of a process: its regions, and where the next one goes.</summary>
/// <remarks>
/// Where a script gives no place, regions ascend from <see cref="FirstPlace"/> in the order of their making, each at a
/// multiple of <see cref="Alignment"/> and at least that far behind the one before: the same addresses, and so the same
/// order of visits and the same VMAs, on every performer. Collections are immutable so that a fork copies nothing.
/// </remarks>
internal sealed class ScriptProcess
{
    /// <summary>First address of the first region.</summary>
    internal const ulong FirstPlace = 0x10_0000_0000;

    /// <summary>Distance between places: a huge page.</summary>
    internal const ulong Alignment = 2 << 20;

    // What the script has put somewhere itself, above the next place.
    private ImmutableSortedSet<(ulong Start, ulong End)> _taken = [];
    private ulong _next = FirstPlace;

    /// <param name="number">Its number.</param>
    /// <param name="group">Its control group.</param>
    internal ScriptProcess(int number, string group)
    {
        Number = number;
        Group = group;
    }

    /// <summary>Its number, for the performer.</summary>
    internal int Number { get; }

    /// <summary>Its control group.</summary>
    internal string Group { get; }

    /// <summary>Whether it has exited.</summary>
    internal bool HasExited { get; set; }

    /// <summary>Threads that have begun; at least one.</summary>
    internal int Threads { get; set; } = 1;

    /// <summary>Its regions by name.</summary>
    internal ImmutableDictionary<string, ScriptRegion> Regions { get; private set; } =
        ImmutableDictionary.Create<string, ScriptRegion>(StringComparer.Ordinal);

    /// <summary>A child that knows the same.</summary>
    internal ScriptProcess Fork(int number) =>
        new(number, Group) { _next = _next, _taken = _taken, Regions = Regions };

    /// <summary>Forgets everything.</summary>
    internal void Exec()
    {
        Threads = 1;
        Regions = Regions.Clear();
        _taken = _taken.Clear();
        _next = FirstPlace;
    }

    /// <summary>Makes a name stand for pages.</summary>
    internal void Bind(string name, ScriptRegion region) => Regions = Regions.SetItem(name, region);

    /// <summary>The next free place for some bytes; it stays free until <see cref="Take"/>.</summary>
    internal ulong NextPlace(ulong bytes)
    {
        ulong place = _next;
        foreach ((ulong start, ulong end) in _taken)
        {
            if (start >= place && start - place >= bytes)
            {
                break;
            }

            place = Math.Max(place, Behind(end));
        }

        return place;
    }

    /// <summary>Some bytes have been mapped.</summary>
    /// <param name="address">Where.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="isNext">Whether the place came from <see cref="NextPlace"/>.</param>
    internal void Take(ulong address, ulong bytes, bool isNext)
    {
        ulong end = address + bytes;
        if (isNext)
        {
            _next = Behind(end);
            while (!_taken.IsEmpty && _taken.Min.End <= _next)
            {
                _taken = _taken.Remove(_taken.Min);
            }
        }
        else if (end > _next)
        {
            _taken = _taken.Add((address, end));
        }
    }

    private static ulong Behind(ulong end) => (end + (2 * Alignment) - 1) & ~(Alignment - 1);
}
