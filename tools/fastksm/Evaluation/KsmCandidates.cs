using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastKsm.Cli.Evaluation;

/// <summary>Tells KSM pages from pages that fork shares, where kpageflags does not: on some kernels, and without root.</summary>
/// <remarks>
/// <para>
/// A candidate has several mappings, or shows the KSM bit and is not one process's own; fork leaves such pages too. What
/// decides: smaps counts the KSM pages of each VMA, and fork shares a frame at one address, once in a process. So in a
/// VMA that has more candidates than smaps counts, those whose frame is found at a second address stay, then the first
/// ones up to that count. Where frame numbers are hidden, the content stands for the frame.
/// </para>
/// <para>Thread safety: <see cref="Add"/> by any thread; <see cref="Settle"/> when they have ended.</para>
/// </remarks>
internal sealed class KsmCandidates
{
    private readonly Lock _adding = new();
    private readonly List<KsmCandidate> _all = [];

    /// <summary>Adds candidates; the list may be used again afterwards.</summary>
    internal void Add(List<KsmCandidate> candidates)
    {
        if (candidates.Count > 0)
        {
            lock (_adding)
            {
                _all.AddRange(candidates);
            }
        }
    }

    /// <summary>Takes the mark of a KSM page from the records that are none.</summary>
    /// <param name="table">The records, in the order of visits.</param>
    /// <param name="context">The VMAs.</param>
    internal void Settle(PageRecordTable table, EvaluationContext context)
    {
        if (_all.Count == 0)
        {
            return;
        }

        _all.Sort((first, second) => first.Ordinal.CompareTo(second.Ordinal));
        DropRepetitions();
        HashSet<ulong> certain = FramesAtSeveralAddresses();
        Span<KsmCandidate> all = CollectionsMarshal.AsSpan(_all);
        for (int start = 0, end; start < all.Length; start = end)
        {
            end = start + 1;
            while (end < all.Length && all[end].Vma == all[start].Vma)
            {
                end++;
            }

            SettleVma(table, context, all[start..end], certain);
        }

        _all.Clear();
    }

    private static void SettleVma(
        PageRecordTable table, EvaluationContext context, ReadOnlySpan<KsmCandidate> candidates, HashSet<ulong> certain)
    {
        LiveProcesses.Vma vma = context.Vma(candidates[0].Vma).Vma;
        long counted = (long)vma.KsmBytes / Environment.SystemPageSize;
        if (candidates.Length <= counted)
        {
            return;
        }

        long room = counted;
        foreach (KsmCandidate candidate in candidates)
        {
            room -= certain.Contains(candidate.Frame) ? 1 : 0;
        }

        foreach (KsmCandidate candidate in candidates)
        {
            if (!certain.Contains(candidate.Frame) && --room < 0)
            {
                table[candidate.Ordinal].ClearKsm();
            }
        }
    }

    // A page that was looked at twice was added twice.
    private void DropRepetitions()
    {
        int kept = 0;
        for (int i = 0; i < _all.Count; i++)
        {
            if (kept == 0 || _all[kept - 1].Ordinal != _all[i].Ordinal)
            {
                _all[kept++] = _all[i];
            }
        }

        _all.RemoveRange(kept, _all.Count - kept);
    }

    private HashSet<ulong> FramesAtSeveralAddresses()
    {
        Dictionary<ulong, ulong> first = [];
        HashSet<ulong> several = [];
        foreach (KsmCandidate candidate in _all)
        {
            if (!first.TryAdd(candidate.Frame, candidate.Address) && first[candidate.Frame] != candidate.Address)
            {
                _ = several.Add(candidate.Frame);
            }
        }

        return several;
    }
}
