using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Owners;

/// <summary>Reckons what one more process of each owner would save and cost: see <see cref="InstanceEstimate"/>.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed class InstanceSweep
{
    private const int SeveralProcesses = -1;

    private readonly OwnerTable _owners;
    private readonly EvaluationContext _context;
    private readonly bool _useZeroPages;
    private readonly long[] _own;
    private readonly long[] _saved;
    private readonly long[] _records;
    private readonly int[] _ownOfContent;
    private readonly int[] _processesOfContent;
    private readonly List<int> _processesSeen = [];
    private readonly List<int> _ownersSeen = [];
    private Dictionary<(ulong Frame, int Owner), int> _processOfFrame = [];

    private InstanceSweep(OwnerTable owners, EvaluationContext context, bool useZeroPages)
    {
        _owners = owners;
        _context = context;
        _useZeroPages = useZeroPages;
        _own = new long[owners.Processes.Count];
        _saved = new long[owners.Processes.Count];
        _records = new long[owners.Processes.Count];
        _ownOfContent = new int[owners.Processes.Count];
        _processesOfContent = new int[owners.Names.Count];
    }

    /// <summary>Reckons.</summary>
    /// <param name="table">All records, sorted, those of unique pages among them.</param>
    /// <param name="owners">Whose they are.</param>
    /// <param name="context">The host.</param>
    /// <param name="useZeroPages">Whether the zero frame replaces pages of zeroes.</param>
    /// <returns>An estimate for each owner, in the order of <see cref="OwnerTable.Names"/>.</returns>
    internal static InstanceEstimate[] Reckon(PageRecordTable table, OwnerTable owners, EvaluationContext context, bool useZeroPages)
    {
        InstanceSweep sweep = new(owners, context, useZeroPages);
        for (int start = 0, end; start < table.Count; start = end)
        {
            ulong checksum = table[start].Checksum;
            for (end = start + 1; end < table.Count && table[end].Checksum == checksum; end++)
            {
            }

            sweep.Take(table.Slice(start, end - start));
        }

        return sweep.Averages();
    }

    private InstanceEstimate[] Averages()
    {
        InstanceEstimate[] estimates = new InstanceEstimate[_owners.Names.Count];
        long[] own = new long[estimates.Length];
        long[] saved = new long[estimates.Length];
        long[] records = new long[estimates.Length];
        int[] instances = new int[estimates.Length];
        for (int process = 0; process < _own.Length; process++)
        {
            if (_owners.Processes[process].Status != LiveProcesses.ReadStatus.Read)
            {
                continue;
            }

            int owner = _owners.OwnerOfProcess(process);
            own[owner] += _own[process];
            saved[owner] += _saved[process];
            records[owner] += _records[process];
            instances[owner]++;
        }

        for (int owner = 0; owner < estimates.Length; owner++)
        {
            estimates[owner] = InstanceEstimate.Average(instances[owner], own[owner], saved[owner], records[owner]);
        }

        return estimates;
    }

    private void Take(ReadOnlySpan<PageRecord> pages)
    {
        bool isReplaced = _useZeroPages && _context.IsZeroContent(pages[0].Checksum);
        if (pages.Length == 1)
        {
            int process = _owners.ProcessOf(in pages[0]);
            bool goes = isReplaced && !pages[0].HasChanged && !pages[0].IsPinned;
            _own[process]++;
            _saved[process] += goes ? 1 : 0;
            _records[process] += goes ? 0 : 1;
            return;
        }

        NoteFrames(pages);
        Count(pages, isReplaced);
        foreach (int process in _processesSeen)
        {
            int own = _ownOfContent[process];
            bool isElsewhere = _processesOfContent[_owners.OwnerOfProcess(process)] > 1;
            _saved[process] += isReplaced || isElsewhere ? own : Math.Max(own - 1, 0);
            _ownOfContent[process] = 0;
        }

        foreach (int owner in _ownersSeen)
        {
            _processesOfContent[owner] = 0;
        }

        _processesSeen.Clear();
        _ownersSeen.Clear();
    }

    // Which process of an owner maps a frame, or that several do.
    private void NoteFrames(ReadOnlySpan<PageRecord> pages)
    {
        const int LargestKept = 1024; // Clearing takes as long as the table is large.
        if (_processOfFrame.Count > LargestKept)
        {
            _processOfFrame = [];
        }

        _processOfFrame.Clear();
        foreach (ref readonly PageRecord page in pages)
        {
            if (!page.IsKsm)
            {
                int process = _owners.ProcessOf(in page);
                (ulong, int) key = (page.Frame, _owners.OwnerOf(in page));
                if (!_processOfFrame.TryAdd(key, process) && _processOfFrame[key] != process)
                {
                    _processOfFrame[key] = SeveralProcesses;
                }
            }
        }
    }

    private void Count(ReadOnlySpan<PageRecord> pages, bool isReplaced)
    {
        int last = SeveralProcesses;
        foreach (ref readonly PageRecord page in pages)
        {
            int process = _owners.ProcessOf(in page);
            bool canMerge = !page.HasChanged && !page.IsPinned;
            _records[process] += isReplaced && canMerge ? 0 : 1;

            // A KSM page of today would be a frame of its own for each address. A frame counts once, at its first address.
            bool isOwn = page.IsKsm;
            if (!isOwn && _processOfFrame.GetValueOrDefault((page.Frame, _owners.OwnerOf(in page)), SeveralProcesses) == process)
            {
                isOwn = true;
                _processOfFrame[(page.Frame, _owners.OwnerOf(in page))] = SeveralProcesses;
            }

            _own[process] += isOwn ? 1 : 0;
            if (!canMerge)
            {
                continue;
            }

            if (process != last)
            {
                // The order of visits keeps a process's pages of one content together.
                last = process;
                int owner = _owners.OwnerOf(in page);
                _processesSeen.Add(process);
                if (_processesOfContent[owner]++ == 0)
                {
                    _ownersSeen.Add(owner);
                }
            }

            _ownOfContent[process] += isOwn ? 1 : 0;
        }
    }
}
