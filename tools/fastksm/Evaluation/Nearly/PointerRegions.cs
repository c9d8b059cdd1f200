using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>The mappings of one process as the places that pointers point to.</summary>
/// <remarks>
/// <para>
/// A region is a run of mappings without a gap. The kernel places the program, the heap, the mappings and the stack at random, each of them
/// as a whole; within them all lies at the same distances in every process that did the same. Mappings grow downwards and so does the
/// stack, reservations are used up to an end that stands, and a program's image does not grow: so the distance is taken from the region's end. Only the heap
/// (brk) grows at its end; its start stands.
/// </para>
/// <para>Thread safety: immutable.</para>
/// </remarks>
internal sealed class PointerRegions
{
    private const int HalfBits = 32;
    private const int MostHalves = 4096;

    private readonly ulong[] _starts;
    private readonly ulong[] _ends;
    private readonly ulong[] _bias;
    private readonly HashSet<uint> _halves = [];

    /// <param name="all">The mappings, ascending.</param>
    internal PointerRegions(IReadOnlyList<Vma> all)
    {
        // The one mapping in the kernel's half would make everything between look like an address.
        List<Vma> vmas = [.. all.Where(vma => vma.Name is not "[vsyscall]")];
        _starts = new ulong[vmas.Count];
        _ends = new ulong[vmas.Count];
        _bias = new ulong[vmas.Count];
        for (int last = vmas.Count - 1, first; last >= 0; last = first - 1)
        {
            for (first = last; first > 0 && Continues(vmas[first - 1], vmas[first]); first--)
            {
            }

            ulong anchor = IsHeap(vmas[first]) ? vmas[first].Start : vmas[last].End;
            for (int i = first; i <= last; i++)
            {
                _starts[i] = vmas[i].Start;
                _ends[i] = vmas[i].End;
                _bias[i] = NameHash(vmas[i].Name) - anchor;
            }

            for (ulong half = vmas[first].Start >> HalfBits; half <= vmas[last].End >> HalfBits && _halves.Count < MostHalves; half++)
            {
                _ = _halves.Add((uint)half);
            }
        }
    }

    /// <summary>The mappings of a process that runs, read anew; none where they can't be read.</summary>
    internal static PointerRegions Of(LiveProcess process)
    {
        List<Vma> vmas = [];
        SmapsParser parser = new(vmas);
        parser.Feed(Encoding.Latin1.GetBytes(ProcFile.TryReadText(process.Directory + "/maps") ?? string.Empty));
        parser.Complete();
        return new PointerRegions(vmas);
    }

    /// <summary>Copies a page with its pointers replaced.</summary>
    /// <param name="page">The page.</param>
    /// <param name="masked">Receives it; as long as the page.</param>
    /// <returns>Number of pointers.</returns>
    internal int Mask(ReadOnlySpan<byte> page, Span<byte> masked)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(page);
        Span<ulong> into = MemoryMarshal.Cast<byte, ulong>(masked);
        if (_starts.Length == 0)
        {
            page.CopyTo(masked);
            return 0;
        }

        int pointers = 0;
        ulong lowest = _starts[0];
        ulong span = _ends[^1] - lowest;
        int at = 0;
        for (int i = 0; i < words.Length; i++)
        {
            ulong word = words[i];
            if (word - lowest < span && Find(word, ref at))
            {
                word += _bias[at];
                pointers++;
            }

            into[i] = word;
        }

        return pointers;
    }

    /// <summary>
    /// Whether a word tells its content apart: no pointer, no rest of one (its upper half may be left of an address that was overwritten by a
    /// smaller number), and too large for a count.
    /// </summary>
    internal bool IsTelling(ulong word) => word >> HalfBits is var half and not 0 && !_halves.Contains((uint)half);

    // Neighbours mostly point into one mapping.
    private bool Find(ulong address, ref int at)
    {
        if (address - _starts[at] < _ends[at] - _starts[at])
        {
            return true;
        }

        int found = Array.BinarySearch(_starts, address);
        found = found < 0 ? ~found - 1 : found;
        if (found < 0 || address >= _ends[found])
        {
            return false;
        }

        at = found;
        return true;
    }

    // The heap, the stack and what the kernel maps are placed by themselves, even where they touch something else.
    private static bool Continues(in Vma one, in Vma next) =>
        one.End == next.Start && IsPlacedAlone(one) == IsPlacedAlone(next)
        && (!IsPlacedAlone(one) || string.Equals(one.Name, next.Name, StringComparison.Ordinal));

    private static bool IsPlacedAlone(in Vma vma) => vma.Name.StartsWith('[') && !vma.Name.StartsWith("[anon:", StringComparison.Ordinal);

    private static bool IsHeap(in Vma vma) => string.Equals(vma.Name, "[heap]", StringComparison.Ordinal);

    // FNV-1a. With the highest bit set, what replaces a pointer is no address and no small number.
    private static ulong NameHash(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char letter in name)
        {
            hash = (hash ^ letter) * 0x100000001B3;
        }

        return hash | (1UL << 63);
    }
}
