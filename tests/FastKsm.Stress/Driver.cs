using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastKsm.Stress;

/// <summary>
/// A thread that drives a CPU: it does random operations on processes, and checks each word that it reads.
/// </summary>
internal sealed partial class Driver
{
    private const int MostChildren = 3;
    private const int MostPins = 4;

    private readonly StressRun _run;
    private readonly Findings _findings;
    private readonly Cpu _cpu;
    private readonly DriverView _team;
    private readonly List<DriverView> _children = [];
    private readonly List<HeldPin> _pins = [];
    private readonly byte[] _content = new byte[Layout.PageSize];
    private readonly ulong[] _words = new ulong[2 * Layout.Words];
    private readonly int[] _numbers = new int[16];
    private DriverView _view;
    private Dice _dice;
    private Operation _current;
    private long _number;

    internal Driver(StressRun run, int number, DriverView team, ulong seed)
    {
        _run = run;
        _findings = run.Findings;
        _cpu = run.Machine.Cpus[number];
        _team = team;
        _view = team;
        _dice = new Dice(seed);
        Number = number;
    }

    /// <summary>Number of the driver, and of its CPU.</summary>
    internal int Number { get; }

    /// <summary>How often it has done what.</summary>
    internal long[] Counts { get; } = new long[Enum.GetValues<Operation>().Length];

    /// <summary>Operations so far; another thread sees a moment.</summary>
    internal long Done => Volatile.Read(ref _number);

    /// <summary>The process that it runs with others.</summary>
    internal DriverView Team => _team;

    /// <summary>What it does at this moment.</summary>
    internal string Doing => $"driver {Number}: {_current}, operation {Done}";

    /// <summary>Does operations until it has done enough, or until anything is wrong.</summary>
    internal void Drive(long operations)
    {
        try
        {
            _cpu.Run(_team.Space.Process);
            while (_number < operations && !_findings.IsStopping)
            {
                _number++;
                Step();
            }

            if (!_findings.IsStopping)
            {
                Finish();
            }
        }
#pragma warning disable CA1031 // Whatever an operation throws that it should not is a finding.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _findings.Add($"{Where()}: {exception}");
        }
        finally
        {
            TryIdle();
        }
    }

    /// <summary>Writes every slot once.</summary>
    internal void WriteAll()
    {
        for (int index = 0; index < Layout.Pages * Layout.Slots; index++)
        {
            Write(index);
        }
    }

    /// <summary>Reads every slot of its own.</summary>
    internal void CheckAll()
    {
        _cpu.Run(_view.Space.Process);
        for (int index = 0; index < Layout.Pages * Layout.Slots; index++)
        {
            if (_view.Owns(index % Layout.Slots))
            {
                ReadOwn(index);
            }
        }
    }

    private void TryIdle()
    {
        try
        {
            _cpu.Idle();
        }
        catch (InvalidOperationException exception)
        {
            _findings.Add($"{Where()}: {exception}");
        }
    }

    private void Step()
    {
        int roll = _dice.Roll(100_000);
        int emptying = Volatile.Read(ref _view.Space.Emptying);
        if (emptying >= 0 && _dice.Roll(4) == 0)
        {
            EmptyOther(emptying);
            return;
        }

        if (_run.IsBusyPhase && _dice.Roll(16) == 0)
        {
            ChangeBlock();
            return;
        }

        switch (roll)
        {
            case < 52_000:
                ReadOwn(AnyOwn());
                break;
            case < 76_000:
                Write(AnyOwn());
                break;
            case < 92_000:
                ReadOther((AnyPage() * Layout.Slots) + _dice.Roll(Layout.Slots));
                break;
            case < 94_000:
                Cross();
                break;
            case < 95_000:
                ReadElsewhere();
                break;
            case < 97_400:
                ChangeBlock();
                break;
            case < 98_000:
                TakePin();
                break;
            case < 99_500:
                ReadPin();
                break;
            case < 99_850:
                Switch();
                break;
            case < 99_910:
                Fork();
                break;
            default:
                EndChild();
                break;
        }
    }

    private int AnyOwn()
    {
        int slot = _view.Thread + (_view.Space.Threads * _dice.Roll(Layout.Slots / _view.Space.Threads));
        return (AnyPage() * Layout.Slots) + slot;
    }

    // Most often one of a few pages, so that threads meet there.
    private int AnyPage()
    {
        if (_dice.Roll(4) == 0)
        {
            return _dice.Roll(Layout.Pages);
        }

        BlockShape block = Layout.Blocks[_run.AnyHotBlock(ref _dice)];
        return block.FirstPage + _dice.Roll(block.Watched);
    }

    private void Count(Operation operation) => Counts[(int)operation]++;

    private void Begin(Operation operation)
    {
        _current = operation;
        Counts[(int)operation]++;
    }

    private string Where() =>
        $"FASTKSM_SEED={_run.Options.Seed} phase {_run.Phase} driver {Number} operation {_number} "
        + $"({_current}, process {_view.Space.Tag} of {_view.Space.Threads} threads)";

    private void Wrong(int index, string what)
    {
        int page = index / Layout.Slots;
        BlockShape block = Layout.Blocks[Layout.BlockOf[page]];
        BlockState state = _view.Space.Blocks[block.Number];
        ulong address = Layout.AddressOf(page, state.Place);
        PageRecord record = _view.Space.Pages[page];
        OwnSlot own = _view.Own[index];
        _findings.Add(
            $"{Where()}: page {page} (0x{address:x}) slot {index % Layout.Slots} of block {block.Number} "
            + $"(change {state.Change}, {state.Protection}, owner {block.Number % _view.Space.Threads}): {what}; "
            + $"emptied {record.ZeroBegun}/{record.ZeroDone}/{record.HardDone} lazy {record.Lazy}; "
            + $"own maybe {own.MaybeZero:x} unknown {own.Unknown:x} zero at {own.ZeroAt} "
            + $"written at {own.WrittenAt} stamp {own.Stamp}");
    }

    private static Span<byte> BytesOf(Span<ulong> words) => MemoryMarshal.AsBytes(words);
}
