using System;
using System.Threading;

namespace FastKsm.Stress;

/// <summary>ksmd, a migrator and a pager: they work on the memory of all processes beside the drivers.</summary>
internal sealed class Background
{
    private const int BatchesPerSetting = 40;
    private const int FewPages = 8;
    private const int MostPages = 600;

    private readonly StressRun _run;
    private readonly long[] _counts = new long[Enum.GetValues<Operation>().Length];
    private Dice _dice;

    internal Background(StressRun run, ulong seed)
    {
        _run = run;
        _dice = new Dice(seed);
    }

    /// <summary>What it has done.</summary>
    internal long[] Counts => _counts;

    /// <summary>
    /// ksmd: batch after batch, with and without zero pages, and now and then everything is unmerged.
    /// </summary>
    internal void Scan() => Guarded(() =>
    {
        Ksm ksm = _run.Machine.Ksm;
        for (int batch = 0; !_run.IsOver; batch++)
        {
            if (batch % BatchesPerSetting == 0)
            {
                ksm.Write("use_zero_pages", _dice.Roll(2) == 0 ? "0" : "1");
                if (_dice.Roll(16) == 0)
                {
                    ksm.Write("run", "2");
                    ksm.Write("run", "1");
                }
            }

            _ = ksm.Batch();
            _counts[(int)Operation.ScanBatch]++;
        }
    });

    /// <summary>Moves frames.</summary>
    /// <param name="cpu">On which CPU.</param>
    internal void Migrate(Cpu cpu) => Guarded(() =>
    {
        while (!_run.IsOver)
        {
            Reach(
                Operation.Migrate, Operation.FramesMigrated,
                (process, address, length) => cpu.Migrate(process, address, length));
        }
    });

    /// <summary>Pages frames out.</summary>
    /// <param name="cpu">On which CPU.</param>
    internal void PageOut(Cpu cpu) => Guarded(() =>
    {
        while (!_run.IsOver)
        {
            Reach(Operation.PageOut, Operation.FramesPagedOut, cpu.PageOut);
        }
    });

    /// <summary>Takes the second node away, and gives it back.</summary>
    internal void TakeNodes() => Guarded(() =>
    {
        while (!_run.IsOver)
        {
            Thread.Sleep(1 + _dice.Roll(20));
            try
            {
                _counts[(int)Operation.TakeNode]++;
                _run.Machine.TakeOffline(1);
                _counts[(int)Operation.NodesTaken]++;
            }
            catch (MemoryOperationException)
            {
                // A frame that is lent, or of shared memory, does not move.
                continue;
            }

            Thread.Sleep(1 + _dice.Roll(20));
            _run.Machine.BringOnline(1);
        }

        _run.Machine.BringOnline(1);
    });

    private void Reach(Operation operation, Operation frames, Func<ModelProcess, ulong, ulong, long> act)
    {
        ModelProcess process = _run.AnyProcess(ref _dice);
        int number = _dice.Roll(2) == 0 ? _run.AnyHotBlock(ref _dice) : _dice.Roll(Layout.Blocks.Length);
        BlockShape block = Layout.Blocks[number];

        // Few pages, or those of many blocks behind one flush, with whatever lies between.
        int pages = _dice.Roll(4) == 0 ? 1 + _dice.Roll(MostPages) : 1 + _dice.Roll(FewPages);
        ulong start = block.AddressAt(_dice.Roll(4) == 0 ? 1 : 0) + ((ulong)_dice.Roll(block.Pages) * Layout.PageSize);
        try
        {
            _counts[(int)frames] += act(process, start, (ulong)pages * Layout.PageSize);
            _counts[(int)operation]++;
        }
        catch (OutOfFramesException)
        {
            _counts[(int)Operation.OutOfFrames]++;
        }
        catch (InvalidOperationException) when (process.HasExited)
        {
            // It had exited by the time of the call.
        }
    }

    private void Guarded(Action work)
    {
        try
        {
            work();
        }
#pragma warning disable CA1031 // Whatever the engine throws here is a finding.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _run.Findings.Add($"FASTKSM_SEED={_run.Options.Seed} phase {_run.Phase} background: {exception}");
        }
    }
}
