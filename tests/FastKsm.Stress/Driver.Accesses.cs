using System;
using System.Threading;

namespace FastKsm.Stress;

/// <content>Reads and writes, and what must come of them.</content>
internal sealed partial class Driver
{
    private void ReadOwn(int index)
    {
        Begin(Operation.ReadOwn);
        int page = index / Layout.Slots;
        Span<ulong> words = _words.AsSpan(0, 1 + _dice.Roll(Layout.Words));
        Moment before = Look(page);
        bool done = _cpu.TryRead(AddressOf(index, before), BytesOf(words), out Access access);
        if (Ended(index, before, done, access, writes: false))
        {
            CheckOwn(index, words, before);
        }
    }

    private void Write(int index)
    {
        Begin(Operation.Write);
        int count = 1 + _dice.Roll(Layout.Words);
        Span<ulong> words = _words.AsSpan(0, count);
        int page = index / Layout.Slots;
        Moment before = Look(page);
        ulong value = BeginWrite(index);
        words.Fill(value);
        bool done = _cpu.TryWrite(AddressOf(index, before), BytesOf(words), out Access access);
        EndWrite(index, value, count, before, done);
        _ = Ended(index, before, done, access, writes: true);
    }

    // The last slot of a page and the first one of the next. Only where this thread owns both, and where nothing can
    // change beside.
    private void Cross()
    {
        int index = AnyOwn() | (Layout.Slots - 1);
        int page = index / Layout.Slots;
        BlockShape block = Layout.Blocks[Layout.BlockOf[page]];
        if (_view.Space.Threads != 1 || block.IsHuge || page + 1 == block.FirstPage + block.Watched)
        {
            ReadOwn(AnyOwn());
            return;
        }

        Begin(Operation.Cross);
        Span<ulong> words = _words;
        Moment before = Look(page);
        Moment next = Look(page + 1);
        ulong address = AddressOf(index, before);
        if (_dice.Roll(2) == 0)
        {
            bool read = _cpu.TryRead(address, BytesOf(words), out Access access);
            if (Ended(index, before, read, access, writes: false))
            {
                CheckOwn(index, words[..Layout.Words], before);
                CheckOwn(index + 1, words[Layout.Words..], next);
            }
        }
        else
        {
            ulong value = BeginWrite(index);
            ulong nextValue = BeginWrite(index + 1);
            words[..Layout.Words].Fill(value);
            words[Layout.Words..].Fill(nextValue);
            bool written = _cpu.TryWrite(address, BytesOf(words), out Access access);
            EndWrite(index, value, Layout.Words, before, written);
            EndWrite(index + 1, nextValue, Layout.Words, next, written);
            _ = Ended(index, before, written, access, writes: true);
        }
    }

    private void ReadOther(int index)
    {
        int slot = index % Layout.Slots;
        if (_view.Owns(slot))
        {
            ReadOwn(index);
            return;
        }

        Begin(Operation.ReadOther);
        int page = index / Layout.Slots;
        ModelSpace space = _view.Space;
        ref SlotRecord record = ref space.Slots[index];
        long done = Volatile.Read(ref record.Done);
        (ulong value, int zeroAt, int writtenAt) = (record.Value, record.ZeroAt, record.WrittenAt);
        Moment before = Look(page);
        Span<ulong> words = _words.AsSpan(0, 1);
        bool read = _cpu.TryRead(AddressOf(index, before), BytesOf(words), out Access access);
        if (!Ended(index, before, read, access, writes: false))
        {
            return;
        }

        long begun = Volatile.Read(ref record.Begun);
        int zeroNow = Volatile.Read(ref space.Pages[page].ZeroBegun);
        CheckOther(
            index, words[0], done, begun, value, mayBeZero: zeroNow != zeroAt, mustBeZero: before.HardDone > writtenAt);
    }

    private void CheckOther(int index, ulong word, long done, long begun, ulong value, bool mayBeZero, bool mustBeZero)
    {
        bool isClass = Layout.Blocks[Layout.BlockOf[index / Layout.Slots]].IsClass;
        if (begun == done)
        {
            bool right = word == 0 ? value == 0 || mayBeZero : word == value && !mustBeZero;
            if (!right)
            {
                string zero = mustBeZero ? "zero" : mayBeZero ? "it or zero" : "it";
                Wrong(index, $"read 0x{word:x} beside no write, the last wrote 0x{value:x}: expected {zero}");
            }
        }
        else if (isClass)
        {
            if (!ModelSpace.IsClassWord(word))
            {
                Wrong(index, $"read 0x{word:x}, which no thread writes");
            }
        }
        else if (word != 0)
        {
            long stamp = ModelSpace.StampOf(word);
            bool belongs = ModelSpace.BelongsTo(
                word, index / Layout.Slots, index % Layout.Slots, _view.Space.Tag, _view.Space.OriginTag);
            if (!belongs || stamp < done || stamp > begun)
            {
                Wrong(index, $"read 0x{word:x} beside writes, expected a stamp from 0x{done:x} to 0x{begun:x}");
            }
        }

        if (!isClass && word != 0)
        {
            long stamp = ModelSpace.StampOf(word);
            if (stamp < _view.Seen[index])
            {
                Wrong(index, $"read 0x{word:x}, and stamp 0x{_view.Seen[index]:x} before");
            }

            _view.Seen[index] = stamp;
        }
    }

    // The block must not be at its other place: an old translation there would still lead to its pages.
    private void ReadElsewhere()
    {
        Begin(Operation.Elsewhere);
        int index = AnyOwn();
        int page = index / Layout.Slots;
        Moment before = Look(page);
        ulong address = Layout.AddressOf(page, 1 - before.Place);
        bool read = _cpu.TryRead(address, BytesOf(_words.AsSpan(0, 1)), out _);
        if (read && IsStable(page, before))
        {
            Wrong(index, $"read 0x{_words[0]:x} at 0x{address:x}, where nothing is mapped");
        }
    }

    private ulong BeginWrite(int index)
    {
        long stamp = ++_view.Own[index].Stamp;
        Volatile.Write(ref _view.Space.Slots[index].Begun, stamp);
        int page = index / Layout.Slots;
        return Layout.Blocks[Layout.BlockOf[page]].IsClass
            ? ModelSpace.ClassWord(_dice.Roll(3))
            : ModelSpace.WordOf(_view.Space.Tag, page, index % Layout.Slots, stamp);
    }

    private void EndWrite(int index, ulong value, int count, Moment before, bool done)
    {
        int page = index / Layout.Slots;
        ref SlotRecord record = ref _view.Space.Slots[index];
        ref OwnSlot own = ref _view.Own[index];
        if (!done)
        {
            own.Stamp = record.Done;
            Volatile.Write(ref record.Begun, record.Done);
            return;
        }

        ref PageRecord pages = ref _view.Space.Pages[page];
        int begun = Volatile.Read(ref pages.ZeroBegun);
        bool certain = before.IsQuiet && begun == before.ZeroDone;
        byte written = (byte)((1 << count) - 1);
        own.MaybeZero = begun != own.ZeroAt || !certain ? (byte)0xFF : own.MaybeZero;
        own.MaybeZero &= certain ? (byte)~written : (byte)0xFF;
        own.Unknown &= (byte)~written;
        own.ZeroAt = certain ? begun : own.ZeroAt;
        own.WrittenAt = begun;
        _view.Words.AsSpan(index * Layout.Words, count).Fill(value);
        record.Value = value;
        record.ZeroAt = certain ? begun : -1;
        record.WrittenAt = begun;
        Volatile.Write(ref record.Done, own.Stamp);
        if (pages.Lazy != 0 && _view.OwnsBlock(Layout.BlockOf[page]))
        {
            // It is dirty now, and stays.
            Volatile.Write(ref pages.Lazy, 0);
        }
    }

    private void CheckOwn(int index, ReadOnlySpan<ulong> words, Moment before)
    {
        int page = index / Layout.Slots;
        ref OwnSlot own = ref _view.Own[index];
        int begun = Volatile.Read(ref _view.Space.Pages[page].ZeroBegun);
        own.MaybeZero = begun != own.ZeroAt ? (byte)0xFF : own.MaybeZero;
        bool quiet = begun == before.ZeroDone;
        bool mustBeZero = before.HardDone > own.WrittenAt;
        Span<ulong> expected = _view.Words.AsSpan(index * Layout.Words, words.Length);
        for (int i = 0; i < words.Length; i++)
        {
            byte bit = (byte)(1 << i);
            ulong word = words[i];
            bool maybeZero = (own.MaybeZero & bit) != 0;
            if (word != 0 && mustBeZero)
            {
                Wrong(index, $"word {i} is 0x{word:x}, but the page has been emptied since");
            }
            else if ((own.Unknown & bit) != 0)
            {
                CheckUnknown(index, i, word, maybeZero);
                expected[i] = word;
                own.Unknown &= (byte)~bit;
            }
            else if (word == expected[i])
            {
                own.MaybeZero &= quiet && before.Lazy == 0 ? (byte)~bit : (byte)0xFF;
            }
            else if (word == 0 && maybeZero)
            {
                expected[i] = 0;
            }
            else
            {
                string zero = maybeZero ? " or zero" : string.Empty;
                Wrong(index, $"word {i} of {words.Length} is 0x{word:x}, expected 0x{expected[i]:x}{zero}");
            }
        }

        own.ZeroAt = quiet ? begun : own.ZeroAt;
    }

    // The first look of a child at what another thread of its parent wrote at the time of the fork.
    private void CheckUnknown(int index, int i, ulong word, bool maybeZero)
    {
        OwnSlot own = _view.Own[index];
        if (Layout.Blocks[Layout.BlockOf[index / Layout.Slots]].IsClass)
        {
            if (!ModelSpace.IsClassWord(word))
            {
                Wrong(index, $"word {i} is 0x{word:x} in the child, which no thread writes");
            }

            return;
        }

        if (word == 0)
        {
            if (i == 0 && own.Least != 0 && !maybeZero)
            {
                Wrong(index, $"word {i} is zero in the child, expected a stamp from 0x{own.Least:x} on");
            }

            return;
        }

        long stamp = ModelSpace.StampOf(word);
        bool belongs = ModelSpace.BelongsTo(
            word, index / Layout.Slots, index % Layout.Slots, _view.UnknownTags.First, _view.UnknownTags.Second);
        if (!belongs || stamp > own.Most || (i == 0 && stamp < own.Least))
        {
            string range = $"a stamp from 0x{own.Least:x} to 0x{own.Most:x}";
            Wrong(index, $"word {i} is 0x{word:x} in the child, expected {range}");
        }
    }

    private Moment Look(int page)
    {
        ref BlockState block = ref _view.Space.Blocks[Layout.BlockOf[page]];
        int change = Volatile.Read(ref block.Change);
        (int place, Protection protection) = (Volatile.Read(ref block.Place), block.Protection);
        ref PageRecord record = ref _view.Space.Pages[page];
        int lazy = Volatile.Read(ref record.Lazy);
        int hard = Volatile.Read(ref record.HardDone);
        int done = Volatile.Read(ref record.ZeroDone);
        int begun = Volatile.Read(ref record.ZeroBegun);
        return new Moment(change, place, protection, lazy, hard, done, begun == done);
    }

    private static ulong AddressOf(int index, Moment moment) =>
        Layout.AddressOf(index / Layout.Slots, moment.Place) + Layout.OffsetOf(index % Layout.Slots);

    private bool IsStable(int page, Moment before) =>
        (before.Change & 1) == 0 && Volatile.Read(ref _view.Space.Blocks[Layout.BlockOf[page]].Change) == before.Change;

    // Whether an access was done. Refusals, and accesses that should have been refused, are looked at here.
    private bool Ended(int index, Moment before, bool done, in Access access, bool writes)
    {
        bool permits = ModelSpace.Permits(before.Protection, writes);
        if (done == permits)
        {
            return done || Refused(index, before, access);
        }

        if (access.Status == AccessStatus.OutOfFrames)
        {
            Count(Operation.OutOfFrames);
        }
        else if (IsStable(index / Layout.Slots, before))
        {
            string what = $"an access (write {writes}) to a block that permits {before.Protection}";
            Wrong(index, $"{what} ended as {access.Status}");
        }
        else if (!done)
        {
            Count(Operation.Refused);
        }

        return done;
    }

    private bool Refused(int index, Moment before, in Access access)
    {
        Count(Operation.Refused);
        if (access.Status != AccessStatus.NotPermitted && IsStable(index / Layout.Slots, before))
        {
            Wrong(index, $"an access that is not permitted ended as {access.Status}");
        }

        return false;
    }
}
