using FastKsm.Primitives;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <content>Pages, their borrowers, and the scanner.</content>
internal sealed partial class ScriptGenerator
{
    private void Scan() => Add(new Operation.Scan(default, 1 + _random.Next(_scansAtOnce)));

    private void Write()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Write(default, NameOf(process.Name), Page(region, pages), AnyContent()));
        }
    }

    private void Fill()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            FillRange(process.Name, Part(region, pages), AnyContent());
        }
    }

    private void FillUnique()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Fill(
                default, NameOf(process.Name), Part(region, pages), new ContentPattern(IsUnique: true, AnyContent())));
        }
    }

    private void FillRange(string process, PageRange range, ulong content) => Add(
        new Operation.Fill(default, NameOf(process), range, new ContentPattern(IsUnique: false, content)));

    private void Poke()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            uint offset = _random.Of(0u, 7u, 128u, 2048u, 4095u);
            Add(new Operation.Poke(
                default, NameOf(process.Name), new BytePlace(Page(region, pages), offset), [(byte)_random.Next(3)]));
        }
    }

    private void Read()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Read(default, NameOf(process.Name), Part(region, pages)));
        }
    }

    private void Populate()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Populate(default, NameOf(process.Name), Part(region, pages), _random.OneIn(2)));
        }
    }

    private void ForceWrite()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.ForceWrite(default, NameOf(process.Name), Page(region, pages), AnyContent()));
        }
    }

    private void Pin()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            PagePlace page = Page(region, pages);
            process.Pins.Add((region, (int)page.Page));
            Add(new Operation.Pin(
                default, NameOf(process.Name), new PageRange(page.Region, new PageSelection(page.Page, page.Page)),
                _random.Of(PinKind.Reference, PinKind.Write)));
        }
    }

    private void Unpin()
    {
        if (_orphanedPins.Count > 0 && _random.OneIn(2))
        {
            (string process, string region, int page) = _orphanedPins[^1];
            _orphanedPins.RemoveAt(_orphanedPins.Count - 1);
            Unpin(process, region, page);
        }
        else if (AnyProcess() is { Pins.Count: > 0 } process)
        {
            (string region, int page) = process.Pins[^1];
            process.Pins.RemoveAt(process.Pins.Count - 1);
            Unpin(process.Name, region, page);
        }
    }

    private void Unpin(string process, string region, int page) => Add(new Operation.Unpin(
        default, NameOf(process), new PageRange(NameOf(region), new PageSelection((ulong)page, (ulong)page))));

    private void MergeEverything() => MergeAnything(enabled: true);

    private void MergeNothing() => MergeAnything(enabled: false);

    private void MergeAnything(bool enabled)
    {
        if (AnyProcess() is { } process)
        {
            Add(new Operation.MergeAnything(default, NameOf(process.Name), enabled));
        }
    }

    private void ZeroPages() => SetKnobs(("use_zero_pages", _random.Of("0", "1")));

    private void SmartScan() => SetKnobs(("smart_scan", _random.Of("0", "1")));

    private void PruneInterval() => SetKnobs(("stable_node_chains_prune_millisecs", _random.Of("0", Never)));

    // While pages are merged the limit is refused; after everything is unmerged it is not.
    private void UnmergeAll()
    {
        Add(new Operation.Run(default, 2));
        if (_random.OneIn(2))
        {
            SetKnobs(("max_page_sharing", _random.Of("2", "3", "4", "5")));
        }

        Add(new Operation.Run(default, 1));
    }

    // A scan in small steps, with newcomers in between: no content changes before the next full scan begins.
    private void Batches()
    {
        SetKnobs(("pages_to_scan", _random.Of("1", "2", "3", "5", "7")));
        for (int left = 2 + _random.Next(6); left > 0; left--)
        {
            Add(new Operation.Batch(default, 1 + _random.Next(3)));
            if (_random.OneIn(3))
            {
                Fork();
            }
        }

        SetKnobs(("pages_to_scan", Never));
        Add(new Operation.Scan(default, 1));
    }

    // Many pages of one content, most of which go again: what is left of the chain is met by the next searches.
    private void ChainComesAndGoes()
    {
        if (AnyProcess() is not { } process)
        {
            return;
        }

        string name = $"r{process.NextRegion++}";
        const int Pages = 12;
        PageRange all = new(NameOf(name), null);
        process.Regions.Add((name, Pages));
        Add(new Operation.Map(default, NameOf(process.Name), NameOf(name), Pages, new MapSettings()));
        Add(new Operation.Advise(default, NameOf(process.Name), all, MemoryAdvice.Mergeable));
        FillRange(process.Name, all, AnyContent());
        Add(new Operation.Scan(default, 2));
        ulong first = (ulong)_random.Next(4);
        ulong step = _random.Of(1UL, 1UL, 2UL);
        PageRange going = new(NameOf(name), new PageSelection(first, (ulong)(7 + _random.Next(5)), step));
        Add(new Operation.Advise(default, NameOf(process.Name), going, MemoryAdvice.DontNeed));
        Write();
        Add(new Operation.Scan(default, 2 + _random.Next(3)));
    }

    private PagePlace Page(string region, int pages) => new(NameOf(region), (ulong)_random.Next(pages));
}
