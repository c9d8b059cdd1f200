using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Tests.Cli.Evaluation.Owners;

/// <summary>Pages of processes with owners, given one by one, and what the tool makes of them.</summary>
internal sealed class PageSet : IDisposable
{
    internal const ulong Zeroes = 0;

    private readonly EvaluationContext _context = new(
        HostKsm.Read() with { Run = 0 }, splits: new HugePageSplits(true, IsProbed: true, string.Empty), folioOf: frame => (frame, 1));
    private readonly PageRecordTable _table = new(capacity: 1_000_000);
    private readonly Dictionary<LiveProcess, string> _owners = [];

    /// <summary>Adds a process; its pages are added before those of the next one.</summary>
    internal int AddProcess(string owner)
    {
        LiveProcess process = LiveProcess.Noted(_owners.Count + 1, new ProcessStat("p", 'S', false, 1));
        _owners.Add(process, owner);
        return _context.Add(new VmaInProcess(process, new Vma(0, 1 << 30, VmaFlags.Writable, 0, 0, string.Empty), VmaEligibility.Eligible));
    }

    /// <summary>Adds a page.</summary>
    internal void Add(int process, ulong content, ulong frame, bool isKsm = false, bool isPinned = false)
    {
        _table.Commit(1);
        ulong checksum = content == Zeroes ? _context.ZeroChecksum : content;
        _table[_table.Count - 1] = PageRecord.Create(checksum, _table.Count - 1, process, frame, isKsm);
        if (isPinned)
        {
            _table[_table.Count - 1].MarkPinned();
        }
    }

    /// <summary>What merging saves in all, and by owner; KSM pages of today count as they were before they were merged.</summary>
    internal (long Saved, OwnerSaving[] ByOwner) Divide(int maxPageSharing = 256, bool useZeroPages = false)
    {
        RecordSorter.Sort(_table, threads: 1);
        OwnerTable owners = new(_context, process => _owners[process]);
        InstanceEstimate[] instances = InstanceSweep.Reckon(_table, owners, _context, useZeroPages);
        MergedToday today = MergedToday.Count(_table, framesAreKnown: true, []);
        OwnerDivision division = new(owners, maxPageSharing);
        EvaluationOptions options = new(maxPageSharing, useZeroPages, OnlyMarked: false, Threads: 1);
        MergeForecast total = new SteadyState(_table, _context, options).Forecast(new PageCounts[_context.VmaCount], division: division);
        return (
            total.FramesBefore - total.FramesAfter + today.MergingPages - today.KsmPages,
            [
                .. Enumerable.Range(0, owners.Names.Count).Select(owner =>
                    new OwnerSaving(division.Within[owner], division.Across[owner], division.Shared[owner], instances[owner])),
            ]);
    }

    public void Dispose()
    {
        _table.Dispose();
        _context.Dispose();
    }
}
