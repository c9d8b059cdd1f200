using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastKsm.Stress;

/// <content>Processes, and frames on loan.</content>
internal sealed partial class Driver
{
    private void Switch()
    {
        Begin(Operation.Switch);
        int next = _dice.Roll(_children.Count + 1);
        GoTo(next == _children.Count ? _team : _children[next]);
    }

    private void GoTo(DriverView view)
    {
        _view = view;
        _cpu.Run(view.Space.Process);
    }

    private void Fork()
    {
        if (_children.Count == MostChildren)
        {
            EndChild();
            return;
        }

        Begin(Operation.Fork);
        DriverView child = _run.TakeView();
        try
        {
            uint unsettled = ForkInto(_cpu, _view, child);
            _children.Add(child);
            _run.Publish(child.Space.Process);
            DriverView parent = _view;
            GoTo(child);
            Settle(unsettled | Layout.SharedBlocks);
            if (_dice.Roll(2) == 0)
            {
                GoTo(parent);
            }
        }
        catch (OutOfFramesException)
        {
            Count(Operation.OutOfFrames);
        }
    }

    /// <summary>Forks the process that a CPU runs, and notes what the child must be like.</summary>
    internal static uint ForkInto(Cpu cpu, DriverView parent, DriverView child)
    {
        child.Space.Threads = 1;
        child.Thread = 0;
        parent.BeginFork(child);
        child.Space.Process = cpu.Fork();
        return parent.EndFork(child);
    }

    /// <summary>
    /// Maps blocks anew that the child has not got, or of which it is not known what it has: another thread changed
    /// them beside.
    /// </summary>
    internal void Settle(uint unsettled)
    {
        foreach (BlockShape block in Layout.Blocks)
        {
            if ((unsettled & (1u << block.Number)) != 0)
            {
                _view.Space.BeginChange(block.Number);
                MapAnew(block);
            }
        }
    }

    private void EndChild()
    {
        if (_children.Count == 0)
        {
            return;
        }

        int number = _dice.Roll(_children.Count);
        DriverView child = _children[number];
        _children.RemoveAt(number);
        GoTo(child);
        for (int i = 0; i < 32; i++)
        {
            ReadOwn(AnyOwn());
        }

        if (_dice.Roll(8) == 0)
        {
            Begin(Operation.Exec);
            _cpu.Exec();
        }

        Begin(Operation.Exit);
        _cpu.Exit();

        // What is lent outlives the process.
        ReleasePins(child, checks: true);
        _run.ReturnView(child);
        GoTo(_team);
    }

    private void TakePin()
    {
        if (_run.Machine.Options.Nodes > 1)
        {
            // What is lent does not move, so that no node could ever be taken away.
            return;
        }

        if (_pins.Count == MostPins)
        {
            ReleasePin(_dice.Roll(MostPins), checks: true);
            return;
        }

        int index = AnyOwn();
        int page = index / Layout.Slots;
        int block = Layout.BlockOf[page];
        if (!_view.OwnsBlock(block) || !ModelSpace.Permits(_view.Space.Blocks[block].Protection, writes: true))
        {
            return;
        }

        Begin(Operation.Pin);
        try
        {
            Moment moment = Look(page);

            // A borrower that reads the page of a private file mapping gets the file's page, as on Linux: what is
            // written later is a copy.
            PinKind kind = _dice.Roll(2) == 0 && !Layout.Blocks[block].IsBacked ? PinKind.Read : PinKind.Write;
            FramePin pin = _cpu.Pin(AddressOf(index, moment), kind);
            bool isQuiet = moment.IsQuiet && Volatile.Read(ref _view.Space.Pages[page].ZeroBegun) == moment.ZeroDone;
            if (pin.Frame.IsSome && isQuiet)
            {
                _pins.Add(new HeldPin(pin, _view, index, moment.ZeroDone));
            }
            else
            {
                // The zero frame is not lent, and what another thread has emptied has another frame: what is written
                // later is elsewhere.
                pin.Dispose();
            }
        }
        catch (OutOfFramesException)
        {
            Count(Operation.OutOfFrames);
        }
    }

    private void ReadPin()
    {
        if (_pins.Count != 0)
        {
            CheckPin(_pins[_dice.Roll(_pins.Count)]);
        }
    }

    private void ReleasePins(DriverView view, bool checks)
    {
        for (int i = _pins.Count - 1; i >= 0; i--)
        {
            if (_pins[i].View == view)
            {
                ReleasePin(i, checks);
            }
        }
    }

    private void ReleasePin(int number, bool checks)
    {
        HeldPin pin = _pins[number];
        _pins.RemoveAt(number);
        if (checks)
        {
            CheckPin(pin);
        }

        pin.Pin.Dispose();
    }

    // The borrower sees what the process wrote, as long as the page has not been given up.
    private void CheckPin(HeldPin pin)
    {
        Begin(Operation.ReadPin);
        pin.Pin.Read(_content);
        int index = pin.Index;
        OwnSlot own = pin.View.Own[index];
        if (pin.View.Space.Pages[index / Layout.Slots].ZeroBegun != pin.ZeroAt || own.ZeroAt != pin.ZeroAt)
        {
            return;
        }

        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(
            _content.AsSpan((int)Layout.OffsetOf(index % Layout.Slots), Layout.Words * sizeof(ulong)));
        for (int i = 0; i < words.Length; i++)
        {
            ulong expected = pin.View.Words[(index * Layout.Words) + i];
            byte bit = (byte)(1 << i);
            bool known = ((own.Unknown | own.MaybeZero) & bit) == 0;
            if (known && words[i] != expected)
            {
                string borrower = $"the borrower of frame {pin.Pin.Frame.Number}";
                Wrong(index, $"{borrower} sees 0x{words[i]:x} as word {i}, expected 0x{expected:x}");
            }
        }
    }

    // All that this thread knows is looked at once more, and its children end.
    private void Finish()
    {
        while (_children.Count != 0)
        {
            EndChild();
        }

        ReleasePins(_team, checks: true);
        GoTo(_team);
        CheckAll();
    }
}
