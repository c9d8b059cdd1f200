using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <content>Huge pages.</content>
internal sealed partial class ScriptGenerator
{
    // A region that is mapped by huge pages as far as it holds whole blocks; what it holds decides which of them are split.
    private void HugePages()
    {
        if (AnyProcess() is not { } process || _hugeRegions == MostHugeRegions || process.Regions.Count >= _profile.MostRegions)
        {
            return;
        }

        _hugeRegions++;
        string name = $"r{process.NextRegion++}";
        int pages = _random.Of(512, 512, 700, 1024);
        PageRange all = new(NameOf(name), null);
        MapSettings settings = new()
        {
            Huge = true,
            Protection = Protection.Read | Protection.Write,
            At = process.Regions.Count > 0 && _random.OneIn(6) ? Beside(process) : null,
        };
        process.Regions.Add((name, pages));
        Add(new Operation.Map(default, NameOf(process.Name), NameOf(name), (ulong)pages, settings));
        if (!_random.OneIn(6))
        {
            Add(new Operation.Advise(default, NameOf(process.Name), all, MemoryAdvice.Mergeable));
        }

        switch (_random.Next(8))
        {
            case 0:
                FillRange(process.Name, all, AnyContent());
                break;
            case 1:
                Add(new Operation.Read(default, NameOf(process.Name), Part(name, pages)));
                break;
            case 2:
                FillRange(process.Name, Part(name, pages), AnyContent());
                break;
            default:
                Add(new Operation.Fill(
                    default, NameOf(process.Name), all, new ContentPattern(IsUnique: true, 5000 + (ulong)_random.Next(300))));
                break;
        }

        for (int left = _random.Next(4); left > 0; left--)
        {
            Add(new Operation.Write(default, NameOf(process.Name), Page(name, pages), AnyContent()));
        }

        if (_random.OneIn(2))
        {
            Scan();
        }
    }
}
