using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <content>Mappings.</content>
internal sealed partial class ScriptGenerator
{
    private void Map()
    {
        if (AnyProcess() is { } process)
        {
            MapInto(process);
        }
    }

    private void MapInto(GeneratedProcess process)
    {
        if (process.Regions.Count >= _profile.MostRegions)
        {
            return;
        }

        string name = $"r{process.NextRegion++}";
        int pages = _random.Of(_profile.Sizes);
        MapSettings settings = new()
        {
            Shared = _random.OneIn(20),
            File = _random.OneIn(16),
            NoReserve = _random.OneIn(16),
            Protection = AnyProtection(process, _random.OneIn(12)),
            At = process.Regions.Count > 0 && _random.OneIn(3) ? Beside(process) : null,
        };
        process.Regions.Add((name, pages));
        if (settings.Shared || settings.File)
        {
            _ = process.Backed.Add(name);
        }

        Add(new Operation.Map(default, NameOf(process.Name), NameOf(name), (ulong)pages, settings));
        if (!_random.OneIn(6))
        {
            Add(new Operation.Advise(default, NameOf(process.Name), new PageRange(NameOf(name), null), MemoryAdvice.Mergeable));
        }

        if (!_random.OneIn(4))
        {
            FillRange(process.Name, Part(name, pages), AnyContent());
        }
    }

    // Two mappings of more than 64 pages that share an anon_vma, whichever is written first, or do not, and become alike.
    private void LargeNeighbours()
    {
        if (AnyProcess() is not { } process || process.Regions.Count >= _profile.MostRegions)
        {
            return;
        }

        const Protection Usual = Protection.Read | Protection.Write;
        string name = $"r{process.NextRegion++}";
        int half = 65 + _random.Next(20);
        process.Regions.Add((name, 2 * half));
        PageRange second = new(NameOf(name), new PageSelection((ulong)half, (2 * (ulong)half) - 1));
        Add(new Operation.Map(default, NameOf(process.Name), NameOf(name), 2 * (ulong)half, new MapSettings()));
        Add(new Operation.Protect(default, NameOf(process.Name), second, Usual | Protection.Execute));
        int first = _random.Next(2);
        for (int i = 0; i < 2; i++)
        {
            ulong page = (ulong)((half * ((first + i) % 2)) + _random.Next(half));
            Add(new Operation.Write(default, NameOf(process.Name), new PagePlace(NameOf(name), page), AnyContent()));
        }

        Add(new Operation.Protect(default, NameOf(process.Name), second, Usual));
        if (_random.OneIn(2))
        {
            Add(new Operation.Advise(
                default, NameOf(process.Name), new PageRange(NameOf(name), null), MemoryAdvice.Mergeable));
        }
    }

    private Protection AnyProtection(GeneratedProcess process, bool isOdd)
    {
        const Protection Usual = Protection.Read | Protection.Write;
        Protection protection = isOdd
            ? _random.Of(
                Protection.None, Protection.None, Protection.Read, Protection.Read, Protection.Read | Protection.Execute,
                Usual | Protection.Execute, Protection.Write)
            : Usual;
        process.HasWriteOnly |= protection == Protection.Write;
        return protection;
    }

    // Behind a region or into it: neighbours that may become one mapping, and pages that are replaced.
    private Target Beside(GeneratedProcess process)
    {
        (string region, int pages) = process.Regions[_random.Next(process.Regions.Count)];
        return new Target(null, new PagePlace(NameOf(region), (ulong)(_random.OneIn(3) ? _random.Next(pages) : pages)));
    }

    private void UnmapPart()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Unmap(default, NameOf(process.Name), Part(region, pages, mayBeAll: false)));
        }
    }

    private void UnmapAll()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages) && _random.OneIn(2))
        {
            _ = process.Regions.Remove((region, pages));
            Add(new Operation.Unmap(default, NameOf(process.Name), new PageRange(NameOf(region), null)));
        }
    }

    private void Protect()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Protect(
                default, NameOf(process.Name), Part(region, pages), AnyProtection(process, isOdd: _random.OneIn(2))));
        }
    }

    private void MoveAll()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out _))
        {
            RemapSettings settings = _random.OneIn(2)
                ? new RemapSettings { Move = true }
                : new RemapSettings { To = Beside(process) };
            Add(new Operation.Remap(default, NameOf(process.Name), new PageRange(NameOf(region), null), settings));
        }
    }

    private void MovePart() => MovePart(keeps: false);

    // The pages go, the mapping stays.
    private void MoveAndKeep() => MovePart(keeps: true);

    private void MovePart(bool keeps)
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages)
            && process.Regions.Count < _profile.MostRegions)
        {
            string name = $"r{process.NextRegion++}";
            int first = keeps && _random.OneIn(2) ? 0 : _random.Next(pages);
            int count = first == 0 && _random.OneIn(2) ? pages : 1 + _random.Next(pages - first);
            process.Regions.Add((name, count));
            if (process.Backed.Contains(region))
            {
                _ = process.Backed.Add(name);
            }

            PageRange range = new(NameOf(region), new PageSelection((ulong)first, (ulong)(first + count - 1)));
            RemapSettings settings = new() { Move = true, As = NameOf(name), DontUnmap = keeps };
            Add(new Operation.Remap(
                default, NameOf(process.Name), range,
                _random.OneIn(4) ? settings with { Move = false, To = Beside(process) } : settings));
        }
    }

    private void Resize()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            // The engine's files have no end; behind that of a real one is SIGBUS. One may have been mapped over the region.
            int wanted = 1 + _random.Next(process.Backed.Count > 0 ? pages : pages + 3);
            process.Regions[process.Regions.IndexOf((region, pages))] = (region, wanted);
            Add(new Operation.Remap(
                default, NameOf(process.Name), new PageRange(NameOf(region), null),
                new RemapSettings { Pages = (ulong)wanted }));
        }
    }

    private void Mergeable() => Advise(MemoryAdvice.Mergeable);

    private void Unmergeable() => Advise(MemoryAdvice.Unmergeable);

    private void DontNeed() => Advise(MemoryAdvice.DontNeed);

    private void OtherAdvice() => Advise(_random.Of(
        MemoryAdvice.DontFork, MemoryAdvice.DoFork, MemoryAdvice.WipeOnFork, MemoryAdvice.KeepOnFork, MemoryAdvice.DontDump,
        MemoryAdvice.DoDump, MemoryAdvice.Sequential, MemoryAdvice.Random, MemoryAdvice.Normal, MemoryAdvice.Free,
        MemoryAdvice.Cold, MemoryAdvice.NoHugePage));

    private void Advise(MemoryAdvice advice)
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Advise(default, NameOf(process.Name), Part(region, pages), advice));
        }
    }

    private void Lock()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Lock(default, NameOf(process.Name), Part(region, pages)));
        }
    }

    private void Unlock()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Unlock(default, NameOf(process.Name), Part(region, pages)));
        }
    }
}
