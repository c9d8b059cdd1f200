using System.Linq;
using FastKsm.Primitives;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <content>Processes and their mappings.</content>
internal sealed partial class ScriptGenerator
{
    // Some are advised at once and filled, so that there is something to merge.
    private void Spawn()
    {
        if (_processes.Count == MostProcesses)
        {
            return;
        }

        GeneratedProcess process = new($"P{_nextProcess++}");
        _processes.Add(process);
        Add(new Operation.Spawn(default, NameOf(process.Name), null, null));
        if (_random.OneIn(8))
        {
            Add(new Operation.MergeAnything(default, NameOf(process.Name), Enabled: true));
        }

        MapInto(process);
    }

    private void Fork()
    {
        if (AnyProcess() is { HasLocked: false } parent && _processes.Count < MostProcesses)
        {
            GeneratedProcess child = parent.Fork($"P{_nextProcess++}");
            _processes.Add(child);
            Add(new Operation.Fork(default, NameOf(parent.Name), NameOf(child.Name)));
        }
    }

    private void Exit()
    {
        if (_processes.Count > 1)
        {
            GeneratedProcess process = AnyProcess()!;
            _ = _processes.Remove(process);
            _orphanedPins.AddRange(process.Pins.Select(pin => (process.Name, pin.Region, pin.Page)));
            Add(new Operation.ExitProcess(default, NameOf(process.Name)));
        }
    }

    private void Exec()
    {
        if (AnyProcess() is { } process)
        {
            process.Regions.Clear();
            (process.IsForked, process.HasLocked) = (false, false);
            Add(new Operation.Exec(default, NameOf(process.Name)));
            MapInto(process);
        }
    }

    private void Map()
    {
        if (AnyProcess() is { } process)
        {
            MapInto(process);
        }
    }

    private void MapInto(GeneratedProcess process)
    {
        if (process.Regions.Count == MostRegions)
        {
            return;
        }

        string name = $"r{process.NextRegion++}";
        int pages = _random.Of(1, 2, 3, 4, 6, 8, 12);
        MapSettings settings = new()
        {
            Shared = _random.OneIn(20),
            File = _random.OneIn(16),
            NoReserve = _random.OneIn(16),
            Protection = _random.OneIn(20) ? Protection.Read : Protection.Read | Protection.Write,
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
            Protection protection = _random.Of(
                Protection.None, Protection.Read, Protection.Read | Protection.Write, Protection.Read | Protection.Write);
            Add(new Operation.Protect(default, NameOf(process.Name), Part(region, pages), protection));
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

    private void MovePart()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages) && process.Regions.Count < MostRegions)
        {
            string name = $"r{process.NextRegion++}";
            int first = _random.Next(pages);
            int count = 1 + _random.Next(pages - first);
            process.Regions.Add((name, count));
            if (process.Backed.Contains(region))
            {
                _ = process.Backed.Add(name);
            }

            Add(new Operation.Remap(
                default, NameOf(process.Name),
                new PageRange(NameOf(region), new PageSelection((ulong)first, (ulong)(first + count - 1))),
                new RemapSettings { Move = true, As = NameOf(name) }));
        }
    }

    private void Resize()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            // The engine's files have no end; behind that of a real one is SIGBUS.
            int wanted = 1 + _random.Next(process.Backed.Contains(region) ? pages : pages + 3);
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
        MemoryAdvice.DoDump, MemoryAdvice.Sequential, MemoryAdvice.Normal));

    private void Advise(MemoryAdvice advice)
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages))
        {
            Add(new Operation.Advise(default, NameOf(process.Name), Part(region, pages), advice));
        }
    }

    // Not where forks share frames: README.md of this folder.
    private void Lock()
    {
        if (TryAnyRegion(out GeneratedProcess process, out string region, out int pages) && !process.IsForked)
        {
            process.HasLocked = true;
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
