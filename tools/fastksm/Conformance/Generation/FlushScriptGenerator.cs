using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <summary>
/// Makes scripts about TLB flushes, the same ones for a seed: a process with a thread on each of two CPUs, and its
/// children.
/// </summary>
/// <remarks>
/// Threads stay on their CPUs: how long the kernel remembers a CPU that a process has left is a matter of real time. A
/// child has one thread, on its parent's CPU. Operations may be refused. Thread safety: none.
/// </remarks>
internal sealed class FlushScriptGenerator
{
    private const int Frames = 65536;
    private const int HugePage = 512;
    private const int MostProcesses = 4;
    private const int MostHugeRegions = 2;
    private const int Least = 15;
    private const int More = 30;

    private static readonly MemoryAdvice[] s_advice = [MemoryAdvice.DontNeed, MemoryAdvice.Free, MemoryAdvice.Cold];

    private readonly SeededRandom _random;
    private readonly bool _hasHugePages;
    private readonly List<Operation> _operations = [];
    private readonly List<GeneratedProcess> _processes = [];
    private readonly bool _hasTwoThreads;
    private int _nextProcess;
    private int _hugeRegions;

    private FlushScriptGenerator(ulong seed, bool hasHugePages)
    {
        _random = new SeededRandom(seed);
        _hasHugePages = hasHugePages;
        _hasTwoThreads = !_random.OneIn(5);
    }

    /// <summary>Makes the script of a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="hasHugePages">Whether there may be huge pages in it.</param>
    internal static Script Generate(ulong seed, bool hasHugePages)
    {
        FlushScriptGenerator generator = new(seed, hasHugePages);
        generator.Begin();
        for (int left = Least + generator._random.Next(More); left > 0; left--)
        {
            generator.Act();
        }

        return ScriptGenerator.Parse($"tlb-seed-{seed}.ksm", generator._operations);
    }

    private static Name NameOf(string text) => new(text, default);

    private void Add(Operation operation) => _operations.Add(operation);

    private void Begin()
    {
        Add(new Operation.Machine(default, new MachineSettings { Frames = Frames, Cpus = 2 }));
        GeneratedProcess first = New();
        Add(new Operation.Spawn(default, NameOf(first.Name), null, null));
        if (_hasTwoThreads)
        {
            Add(new Operation.Thread(default, NameOf(first.Name), 1));
            Add(new Operation.Cpu(default, NameOf(first.Name), 1));
            Add(new Operation.Thread(default, NameOf(first.Name), 0));
        }

        Map(first);
        Map(first);
    }

    private GeneratedProcess New()
    {
        GeneratedProcess made = new(((char)('A' + _nextProcess++)).ToString());
        _processes.Add(made);
        return made;
    }

    private void Act()
    {
        GeneratedProcess process = _processes[_random.Next(_processes.Count)];
        switch (_random.Next(24))
        {
            case 0 or 1:
                Map(process);
                break;
            case 2 when _hasTwoThreads:
                Add(new Operation.Thread(default, NameOf(_processes[0].Name), _random.Next(2)));
                break;
            case 3 when _nextProcess < MostProcesses:
                Fork(process);
                break;
            case 4 when _processes.Count > 1 && process != _processes[0]:
                Add(new Operation.ExitProcess(default, NameOf(process.Name)));
                _ = _processes.Remove(process);
                break;
            default:
                ActOnRegion(process);
                break;
        }
    }

    private void Map(GeneratedProcess process)
    {
        bool huge = _hasHugePages && _hugeRegions < MostHugeRegions && _random.OneIn(4);
        _hugeRegions += huge ? 1 : 0;
        bool file = !huge && _random.OneIn(8);
        int pages = huge ? HugePage * (1 + _random.Next(2))
            : _random.OneIn(8) ? 500 + _random.Next(600)
            : 1 + _random.Next(_random.OneIn(2) ? 40 : 8);
        string region = $"r{process.NextRegion++}";
        process.Regions.Add((region, pages));
        MapSettings settings = new() { Huge = huge, File = file, Shared = file || (!huge && _random.OneIn(10)) };
        Add(new Operation.Map(default, NameOf(process.Name), NameOf(region), (ulong)pages, settings));
        Add(new Operation.Fill(
            default, NameOf(process.Name), huge ? EveryHugePage(region, pages) : Part(region, pages), AnyPattern()));
    }

    private void Fork(GeneratedProcess parent)
    {
        GeneratedProcess child = parent.Fork(((char)('A' + _nextProcess++)).ToString());
        _processes.Add(child);
        Add(new Operation.Fork(default, NameOf(parent.Name), NameOf(child.Name)));
    }

    private void ActOnRegion(GeneratedProcess process)
    {
        if (process.Regions.Count == 0)
        {
            Map(process);
            return;
        }

        Name name = NameOf(process.Name);
        (string region, int pages) = process.Regions[_random.Next(process.Regions.Count)];
        PageRange part = Part(region, pages);
        switch (_random.Next(18))
        {
            case 0 or 1 or 2:
                Add(new Operation.Fill(default, name, part, AnyPattern()));
                break;
            case 3 or 4:
                Add(new Operation.Write(default, name, AnyPage(region, pages), AnyContent()));
                break;
            case 5:
                Add(new Operation.Read(default, name, part));
                break;
            case 6 or 7 or 8:
                Add(new Operation.Protect(default, name, part, _random.Of(
                    Protection.Read, Protection.Read, Protection.Read | Protection.Write, Protection.None)));
                break;
            case 9 or 10 or 11:
                Add(new Operation.Advise(default, name, part, _random.Of<MemoryAdvice>(s_advice)));
                break;
            case 12:
                Add(new Operation.Unmap(default, name, part));
                break;
            case 13:
                Add(new Operation.Unmap(default, name, new PageRange(NameOf(region), null)));
                _ = process.Regions.Remove((region, pages));
                break;
            case 14:
                Add(new Operation.Remap(
                    default, name, new PageRange(NameOf(region), null), new RemapSettings { Move = true }));
                break;
            case 15:
                string moved = $"r{process.NextRegion++}";
                Add(new Operation.Remap(
                    default, name, WithoutStep(part, pages), new RemapSettings { Move = true, As = NameOf(moved) }));
                break;
            case 16:
                Add(new Operation.Populate(default, name, part, _random.OneIn(2)));
                break;
            default:
                Merge(name, region, pages);
                break;
        }
    }

    // Pages that are equal, so that ksmd has something to flush.
    private void Merge(Name process, string region, int pages)
    {
        int last = System.Math.Min(pages, 1 + _random.Next(20)) - 1;
        PageRange part = new(NameOf(region), new PageSelection(0, (ulong)last));
        Add(new Operation.Advise(default, process, part, MemoryAdvice.Mergeable));
        Add(new Operation.Fill(default, process, part, new ContentPattern(false, AnyContent())));
        Add(new Operation.Scan(default, 1));
        Add(new Operation.Scan(default, 1));
        Add(new Operation.Write(default, process, AnyPage(region, last + 1), AnyContent()));
    }

    private PagePlace AnyPage(string region, int pages) => new(NameOf(region), (ulong)_random.Next(pages));

    private ContentPattern AnyPattern() => new(_random.OneIn(2), AnyContent());

    private ulong AnyContent() => 1 + (ulong)_random.Next(1000);

    private static PageRange EveryHugePage(string region, int pages) =>
        new(NameOf(region), new PageSelection(0, (ulong)pages - 1, HugePage));

    private static PageRange WithoutStep(PageRange part, int pages) => part.Pages is null
        ? part with { Pages = new PageSelection(0, (ulong)pages - 1) }
        : part;

    private PageRange Part(string region, int pages)
    {
        if (_random.OneIn(3))
        {
            return new PageRange(NameOf(region), null);
        }

        int first = _random.Next(pages);
        int last = first + _random.Next(System.Math.Min(pages - first, _random.OneIn(2) ? 8 : pages));
        return new PageRange(NameOf(region), new PageSelection((ulong)first, (ulong)last));
    }
}
