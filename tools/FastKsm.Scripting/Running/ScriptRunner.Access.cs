using System.Collections.Generic;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <content>Accesses to pages.</content>
public sealed partial class ScriptRunner
{
    private bool PerformAccess(Operation operation)
    {
        switch (operation)
        {
            case Operation.Fill o:
                Fill(o);
                return true;
            case Operation.Write o:
                Write(o);
                return true;
            case Operation.Poke o:
                _performer.Poke(Living(o.Process).Number, AddressOf(Find(o.Process), o.Place), o.Bytes.AsSpan());
                return true;
            case Operation.Read o:
                TouchAll(o.Process, o.Pages);
                OnRuns(o.Process, o.Pages, _performer.Read);
                return true;
            case Operation.Populate o:
                TouchAll(o.Process, o.Pages);
                OnRuns(o.Process, o.Pages, (process, run) => _performer.Populate(process, run, o.ForWriting));
                return true;
            case Operation.Pin o:
                Pin(o);
                return true;
            case Operation.Unpin o:
                Unpin(o);
                return true;
            case Operation.ForceWrite o:
                _performer.ForceWrite(Living(o.Process).Number, AddressOf(Find(o.Process), o.Page), o.Content);
                return true;
            case Operation.DirectIo o:
                TouchAll(o.Process, o.Pages);
                OnRuns(o.Process, o.Pages, (process, run) => _performer.DirectIo(process, run, o.Arrives));
                return true;
            case Operation.Migrate o:
                TouchAll(o.Process, o.Pages);
                OnRuns(o.Process, o.Pages, (process, run) => _performer.Migrate(process, run, o.Node));
                return true;
            case Operation.PageOut o:
                TouchAll(o.Process, o.Pages);
                OnRuns(o.Process, o.Pages, _performer.PageOut);
                return true;
            default:
                return false;
        }
    }

    private void Fill(Operation.Fill operation)
    {
        ScriptProcess process = Living(operation.Process);
        (_, _, ulong pages) = Stretch(process, operation.Pages);
        ulong count = CountOf(operation.Pages, pages);
        RequireContents(operation.Pages, operation.Pattern, count);
        Touch(count);
        foreach ((PageRun run, ulong index) in Runs(process, operation.Pages))
        {
            _performer.Fill(process.Number, run, operation.Pattern with { First = operation.Pattern.At(index) });
        }
    }

    private void Write(Operation.Write operation)
    {
        ScriptProcess process = Living(operation.Process);
        Touch(1);
        PageRun run = new(AddressOf(process, operation.Page), 1);
        _performer.Fill(process.Number, run, new ContentPattern(IsUnique: false, operation.Content));
    }

    // All pages are pinned, or none: what one request borrows before it fails goes back.
    private void Pin(Operation.Pin operation)
    {
        ScriptProcess process = Living(operation.Process);
        List<(ulong Page, int Pin)> taken = [];
        try
        {
            foreach ((ulong page, ulong address, _) in Each(process, operation.Pages))
            {
                taken.Add((page, _performer.Pin(process.Number, address, operation.Kind)));
            }
        }
        catch
        {
            taken.ForEach(loan => _performer.Unpin(loan.Pin));
            throw;
        }

        (string, string) key = (operation.Process.Text, operation.Pages.Region.Text);
        if (!_pins.TryGetValue(key, out Dictionary<ulong, Stack<int>>? pinned))
        {
            _pins.Add(key, pinned = []);
        }

        foreach ((ulong page, int pin) in taken)
        {
            if (!pinned.TryGetValue(page, out Stack<int>? pins))
            {
                pinned.Add(page, pins = new Stack<int>());
            }

            pins.Push(pin);
        }
    }

    // Pins outlive their regions and processes, so the range is not looked up but compared with what was pinned.
    private void Unpin(Operation.Unpin operation)
    {
        Dictionary<ulong, Stack<int>> pinned = _pins.GetValueOrDefault(
            (operation.Process.Text, operation.Pages.Region.Text)) ?? [];
        List<ulong> pages = [];
        if (operation.Pages.Pages is { } selection)
        {
            for (ulong page = selection.First; page <= selection.Last && pinned.ContainsKey(page); page += selection.Step)
            {
                pages.Add(page);
            }
        }
        else
        {
            pages.AddRange(pinned.Keys);
        }

        ulong wanted = operation.Pages.Pages is { } all ? ((all.Last - all.First) / all.Step) + 1 : 1;
        if ((ulong)pages.Count < wanted)
        {
            throw Bad(
                operation.Pages.Region.Position,
                $"not all of {operation.Process} {ScriptPrinter.Of(operation.Pages)} is pinned");
        }

        foreach (ulong page in pages)
        {
            Stack<int> pins = pinned[page];
            _performer.Unpin(pins.Pop());
            if (pins.Count == 0)
            {
                _ = pinned.Remove(page);
            }
        }
    }

    private void RequireContents(PageRange range, ContentPattern pattern, ulong count)
    {
        if (pattern.IsUnique && pattern.First > ulong.MaxValue - (count - 1))
        {
            throw Bad(range.Region.Position, $"{count} contents from {pattern.First} on reach beyond the largest number");
        }
    }
}
