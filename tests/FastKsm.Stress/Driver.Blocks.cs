using System;
using System.Threading;

namespace FastKsm.Stress;

/// <content>System calls on a block, by the thread that owns it.</content>
internal sealed partial class Driver
{
    private void ChangeBlock()
    {
        if (_dice.Roll(6) == 0)
        {
            EmptyOther(_run.AnyHotBlock(ref _dice));
            return;
        }

        int threads = _view.Space.Threads;
        int number = _dice.Roll(2) == 0 ? _run.AnyHotBlock(ref _dice) : _dice.Roll(Layout.Blocks.Length);
        number += _view.Thread - (number % threads);
        if (number >= Layout.Blocks.Length)
        {
            return;
        }

        BlockShape block = Layout.Blocks[number];
        BlockState state = _view.Space.Blocks[number];
        switch (_dice.Roll(20))
        {
            case < 5:
                Protect(block, state);
                break;
            case < 9:
                Empty(block, state);
                break;
            case < 12:
                Offer(block, state);
                break;
            case 12:
                MapAgain(block);
                break;
            case < 15:
                Move(block, state);
                break;
            case < 17:
                Advise(block, state, _dice.Roll(2) == 0 ? Advice.PageOut : Advice.Cold);
                break;
            case 17 when block.IsMergeable:
                Unmerge(block, state);
                break;
            default:
                Populate(block, state);
                break;
        }
    }

    private void Protect(BlockShape block, BlockState state)
    {
        Begin(Operation.Protect);
        Protection next = _dice.Roll(8) switch
        {
            0 => Protection.None,
            < 4 when state.Protection != Protection.Read => Protection.Read,
            _ => Protection.Read | Protection.Write,
        };
        _view.Space.BeginChange(block.Number);
        _cpu.Protect(block.AddressAt(state.Place), (ulong)block.Pages * Layout.PageSize, next);
        _view.Space.EndChange(block.Number, state.Place, next);
    }

    private void Empty(BlockShape block, BlockState state)
    {
        Begin(Operation.DontNeed);
        (int first, int count) = AnyPages(block);
        if (block.IsShared)
        {
            // The backing object keeps what was written.
            AdvisePages(block, state, first, count, Advice.DontNeed);
            return;
        }

        Span<int> numbers = BeginZero(first, count, lazy: false);
        Volatile.Write(ref _view.Space.Emptying, block.Number);
        AdvisePages(block, state, first, count, Advice.DontNeed);
        Volatile.Write(ref _view.Space.Emptying, -1);
        EndZero(first, numbers, isHard: true);
    }

    // MADV_DONTNEED of a block that another thread owns: two threads empty the same pages, and each may rely on it
    // when its call is over.
    private void EmptyOther(int number)
    {
        if (_view.OwnsBlock(number) || Layout.Blocks[number].IsShared)
        {
            return;
        }

        BlockShape block = Layout.Blocks[number];
        (int first, int count) = AnyPages(block);

        // So that this CPU has a translation of the first page, which the owner's call may take away beside.
        Write((first * Layout.Slots) + _view.Thread);
        Begin(Operation.DontNeed);
        Moment before = Look(first);
        Span<int> numbers = BeginZero(first, count, lazy: false);
        bool done = true;
        try
        {
            ulong address = Layout.AddressOf(first, before.Place);
            _cpu.Advise(address, (ulong)(count * block.Stride) * Layout.PageSize, Advice.DontNeed);
        }
        catch (MemoryOperationException) when (!IsStable(first, before))
        {
            done = false;
        }

        // If the block has moved meanwhile, part of it may not have been met.
        _view.Space.EndZero(first, numbers, isHard: done && IsStable(first, before));
        if (done)
        {
            ReadOwn((first * Layout.Slots) + _view.Thread);
        }
    }

    private void Offer(BlockShape block, BlockState state)
    {
        if (block.IsBacked || block.IsShared)
        {
            return;
        }

        Begin(Operation.Free);
        (int first, int count) = AnyPages(block);
        Span<int> numbers = BeginZero(first, count, lazy: true);
        AdvisePages(block, state, first, count, Advice.Free);
        EndZero(first, numbers, isHard: false);
    }

    private Span<int> BeginZero(int first, int count, bool lazy)
    {
        Span<int> numbers = _numbers.AsSpan(0, count);
        _view.Space.BeginZero(first, numbers, lazy);
        return numbers;
    }

    // By the owner of the block.
    private void EndZero(int first, ReadOnlySpan<int> numbers, bool isHard)
    {
        if (isHard)
        {
            _view.Space.EndOffer(first, numbers.Length);
        }

        _view.Space.EndZero(first, numbers, isHard);
    }

    private void MapAgain(BlockShape block)
    {
        Begin(Operation.MapAgain);
        int place = _view.Space.Blocks[block.Number].Place;
        _view.Space.BeginChange(block.Number);
        Span<int> numbers = BeginZero(block.FirstPage, block.Watched, lazy: false);
        if (_dice.Roll(2) == 0)
        {
            _cpu.Unmap(block.AddressAt(place), (ulong)block.Pages * Layout.PageSize);
        }

        MapBlock(_cpu, block, place);
        EndZero(block.FirstPage, numbers, isHard: true);
        _view.Space.EndChange(block.Number, place, Protection.Read | Protection.Write);
    }

    /// <summary>Maps a block of zeroes, in the place of whatever is there.</summary>
    internal static void MapBlock(Cpu cpu, BlockShape block, int place)
    {
        ulong length = (ulong)block.Pages * Layout.PageSize;
        ulong at = block.AddressAt(place);

        // Frames of an object do not move: they stay off the node that is taken away.
        int? node = block.IsBacked || block.IsShared ? 0 : null;
        MapOptions options = new()
        {
            At = at,
            HugePages = block.IsHuge,
            FileBacked = block.IsBacked,
            Shared = block.IsShared,
            Node = node,
        };
        _ = cpu.Map(length, options);
        if (block.IsShared)
        {
            cpu.Advise(at, length, FastKsm.Advice.DontFork);
        }

        if (block.IsMergeable)
        {
            cpu.Advise(at, length, FastKsm.Advice.Mergeable);
        }
    }

    private void Move(BlockShape block, BlockState state)
    {
        Begin(Operation.Move);
        ulong length = (ulong)block.Pages * Layout.PageSize;
        int place = 1 - state.Place;
        _view.Space.BeginChange(block.Number);
        try
        {
            _ = _cpu.Remap(block.AddressAt(state.Place), length, length, to: block.AddressAt(place));
        }
        catch (OutOfFramesException)
        {
            // Part of it may have moved.
            Count(Operation.OutOfFrames);
            MapAnew(block);
            return;
        }

        _view.Space.EndChange(block.Number, place, state.Protection);
    }

    // What has become of a block is not known: it is mapped anew, at the first place. In a change that this ends.
    private void MapAnew(BlockShape block)
    {
        Span<int> numbers = BeginZero(block.FirstPage, block.Watched, lazy: false);
        _cpu.Unmap(block.AddressAt(0), (ulong)block.Pages * Layout.PageSize);
        _cpu.Unmap(block.AddressAt(1), (ulong)block.Pages * Layout.PageSize);
        MapBlock(_cpu, block, place: 0);
        EndZero(block.FirstPage, numbers, isHard: true);
        _view.Space.EndChange(block.Number, place: 0, Protection.Read | Protection.Write);
    }

    private void Advise(BlockShape block, BlockState state, Advice advice)
    {
        Begin(advice == Advice.Cold ? Operation.Cold : Operation.AdvisePageOut);
        (int first, int count) = AnyPages(block);
        AdvisePages(block, state, first, count, advice);
    }

    private void Unmerge(BlockShape block, BlockState state)
    {
        Begin(Operation.Unmerge);
        try
        {
            AdvisePages(block, state, block.FirstPage, block.Watched, Advice.Unmergeable);
        }
        catch (OutOfFramesException)
        {
            Count(Operation.OutOfFrames);
        }

        AdvisePages(block, state, block.FirstPage, block.Watched, Advice.Mergeable);
    }

    private void Populate(BlockShape block, BlockState state)
    {
        if (!ModelSpace.Permits(state.Protection, writes: true))
        {
            Protect(block, state);
            return;
        }

        Begin(Operation.Populate);
        (int first, int count) = AnyPages(block);
        try
        {
            AdvisePages(block, state, first, count, Advice.PopulateWrite);
        }
        catch (OutOfFramesException)
        {
            Count(Operation.OutOfFrames);
        }
    }

    private (int First, int Count) AnyPages(BlockShape block)
    {
        if (_dice.Roll(3) == 0)
        {
            return (block.FirstPage, block.Watched);
        }

        int first = _dice.Roll(block.Watched);
        return (block.FirstPage + first, 1 + _dice.Roll(block.Watched - first));
    }

    private void AdvisePages(BlockShape block, BlockState state, int first, int count, Advice advice)
    {
        ulong address = Layout.AddressOf(first, state.Place);
        _cpu.Advise(address, (ulong)(count * block.Stride) * Layout.PageSize, advice);
    }
}
