using System.Collections.Generic;
using System.Linq;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Model;

/// <content>mremap: the one operation whose outcome depends on how pages are grouped into VMAs.</content>
internal sealed partial class DictionaryMachine
{
    private void Remap(in ModelOp op, Running running, ulong page, ulong end)
    {
        ulong oldPages = end - page;
        ulong newPages = (ulong)(op.Choice % 9) + 1;
        bool isFixed = op.Kind == ModelOpKind.RemapFixed;
        ulong to = FirstPage + (ulong)op.Other;
        ulong start;
        try
        {
            start = running.Process.Remap(
                page * PageSize, oldPages * PageSize, newPages * PageSize, mayMove: op.Choice % 2 == 0,
                isFixed ? to * PageSize : null) / PageSize;
        }
        catch (MemoryOperationException refused)
        {
            bool overlaps = isFixed && page < to + newPages && to < page + oldPages;
            bool whole = Enumerable.Range(0, (int)oldPages).All(i => running.Pages.ContainsKey(page + (ulong)i));
            bool mayBeRefused = refused.Error switch
            {
                Errno.Invalid => overlaps,
                Errno.BadAddress => isFixed && newPages == oldPages
                    ? !running.Pages.ContainsKey(page)
                    : !whole || isFixed || newPages > oldPages,
                Errno.NoMemory => !isFixed && op.Choice % 2 != 0 && newPages > oldPages,
                _ => false,
            };
            Assert.True(mayBeRefused, refused.Message);
            Refusals++;
            return;
        }
        catch (OutOfFramesException) when (isFixed && newPages == oldPages)
        {
            // Mapping after mapping: the first ones may have moved.
            ulong stays = page;
            while (stays < end && !IsMapped(running, stays))
            {
                stays++;
            }

            MoveEach(running, page, stays, to);
            throw;
        }

        Assert.True(isFixed ? start == to : start == page || (op.Choice % 2 == 0 && newPages > oldPages));
        if (newPages <= oldPages && start == page)
        {
            Drop(running, page + newPages, page + oldPages);
            return;
        }

        if (isFixed && newPages == oldPages)
        {
            MoveEach(running, page, end, start);
            return;
        }

        // It was one VMA, so its pages are alike and the first one says what new ones are.
        DictionaryPage first = running.Pages[page];
        List<DictionaryPage> moved = [];
        for (ulong i = 0; i < newPages; i++)
        {
            moved.Add(i < oldPages ? running.Pages[page + i].Copy(forked: false) : new DictionaryPage
            {
                Protection = first.Protection,
                Locked = first.Locked,
                DontFork = first.DontFork,
                WipeOnFork = first.WipeOnFork,
                Shared = first.Shared,
                FileBacked = first.FileBacked,
                Mergeable = first.Mergeable,
                Index = first.Index + i,
                Origin = first.Origin,
            });
        }

        if (start != page)
        {
            Drop(running, page, page + oldPages);
        }

        if (start == page)
        {
            for (ulong i = oldPages; i < newPages; i++)
            {
                running.Pages.Add(start + i, moved[(int)i]);
            }

            return;
        }

        Drop(running, start, start + newPages);
        for (ulong i = 0; i < newPages; i++)
        {
            running.Pages.Add(start + i, moved[(int)i]);
        }
    }

    private bool IsMapped(Running running, ulong page) =>
        Record.Exception(() => running.Process.Peek(page * PageSize, _content)) is null;

    private void MoveEach(Running running, ulong page, ulong end, ulong to)
    {
        foreach (ulong at in running.Pages.Keys.Where(key => key >= page && key < end).ToArray())
        {
            DictionaryPage moved = running.Pages[at].Copy(forked: false);
            Drop(running, at, at + 1);
            Drop(running, to + (at - page), to + (at - page) + 1);
            running.Pages.Add(to + (at - page), moved);
        }
    }
}
