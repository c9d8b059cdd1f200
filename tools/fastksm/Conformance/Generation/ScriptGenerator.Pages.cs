using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <content>Pages and their borrowers.</content>
internal sealed partial class ScriptGenerator
{
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

    private void Pin() => Pin(_random.Of(PinKind.Reference, PinKind.Write));

    // Whoever reads a page on the kernel keeps the address space alive: taken back before its process exits.
    private void PinForReading() => Pin(PinKind.Read);

    private void Pin(PinKind kind)
    {
        // A page that permits only writes cannot be read from outside: README.md of this folder.
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages)
            && !(kind == PinKind.Read && process.HasWriteOnly))
        {
            PagePlace page = Page(region, pages);
            process.Pins.Add((region, (int)page.Page));
            process.HasReader |= kind == PinKind.Read;
            Add(new Operation.Pin(
                default, NameOf(process.Name), new PageRange(page.Region, new PageSelection(page.Page, page.Page)), kind));
        }
    }

    private void UnpinReaders(GeneratedProcess process)
    {
        for (int i = process.HasReader ? process.Pins.Count - 1 : -1; i >= 0; i--)
        {
            Unpin(process.Name, process.Pins[i].Region, process.Pins[i].Page);
            process.Pins.RemoveAt(i);
        }

        process.HasReader = false;
    }

    private void DirectIo()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.DirectIo(
                default, NameOf(process.Name), Part(region, pages), _random.OneIn(2) ? AnyContent() : null));
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
}
