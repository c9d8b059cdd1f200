using System.Collections.Generic;
using System.Text;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <summary>Makes whole scripts about merging, the same ones for a seed.</summary>
/// <remarks>
/// Contents change only between full scans: what a batch that ends within one makes of a change is not compared (the
/// fingerprint index may differ there by design). Everything else that the two sides can do is here; what is left out is
/// listed, each with its reason, in the README of this folder. Operations may be refused; both sides must then refuse them alike.
/// Thread safety: none.
/// </remarks>
internal sealed partial class ScriptGenerator
{
    private const int MostProcesses = 7;
    private const int MostRegions = 5;

    // They are compared page by page.
    private const int MostHugeRegions = 2;
    private const string Never = "4294967295";

    private readonly SeededRandom _random;
    private readonly List<Operation> _operations = [];
    private readonly List<GeneratedProcess> _processes = [];
    private readonly List<(string Process, string Region, int Page)> _orphanedPins = [];
    private readonly (int Weight, System.Action Act)[] _acts;
    private readonly int _weights;
    private readonly int _scansAtOnce;
    private int _nextProcess;
    private int _hugeRegions;

    private ScriptGenerator(ulong seed)
    {
        _random = new SeededRandom(seed);
        _scansAtOnce = _random.Of(1, 1, 2, 8);
        _acts = Acts();
        foreach ((int weight, _) in _acts)
        {
            _weights += weight;
        }
    }

    /// <summary>Makes the script of a seed.</summary>
    /// <param name="seed">The seed.</param>
    internal static Script Generate(ulong seed)
    {
        ScriptGenerator generator = new(seed);
        generator.Begin();
        for (int left = 30 + generator._random.Next(90); left > 0; left--)
        {
            generator.Act();
        }

        generator.Add(new Operation.Scan(default, 2));
        return Parse($"seed-{seed}.ksm", generator._operations);
    }

    /// <summary>Makes a script of operations; each then knows its line.</summary>
    /// <param name="file">Name of the script.</param>
    /// <param name="operations">The operations.</param>
    internal static Script Parse(string file, IEnumerable<Operation> operations) =>
        ScriptReader.Read(file, Encoding.ASCII.GetBytes(ScriptPrinter.Print(operations)));

    private static Name NameOf(string text) => new(text, default);

    private void Begin()
    {
        SetKnobs(
            ("max_page_sharing", _random.Of("2", "2", "3", "3", "4", "5", "256")),
            ("smart_scan", _random.Of("0", "0", "1")),
            ("use_zero_pages", _random.Of("0", "1")),
            ("stable_node_chains_prune_millisecs", _random.Of("0", Never)));
        Spawn();
        Spawn();
    }

    private void Act()
    {
        int left = _random.Next(_weights);
        int at = 0;
        while (left >= _acts[at].Weight)
        {
            left -= _acts[at++].Weight;
        }

        _acts[at].Act();
    }

    private (int Weight, System.Action Act)[] Acts() =>
    [
        (24, Scan), (16, Write), (10, Fill), (3, FillUnique), (3, Poke), (2, Read), (2, Populate),
        (3, Spawn), (5, Fork), (4, Exit), (1, Exec),
        (4, Map), (4, UnmapPart), (2, UnmapAll), (4, Protect), (3, MoveAll), (3, MovePart), (2, Resize),
        (3, Mergeable), (4, Unmergeable), (7, DontNeed), (1, OtherAdvice), (4, Lock), (1, Unlock),
        (2, MergeEverything), (1, MergeNothing), (3, Pin), (4, Unpin), (2, ForceWrite),
        (2, ZeroPages), (1, SmartScan), (1, PruneInterval), (1, UnmergeAll), (2, Batches), (2, ChainComesAndGoes),
        (2, HugePages),
    ];

    private void Add(Operation operation) => _operations.Add(operation);

    private GeneratedProcess? AnyProcess() => _processes.Count == 0 ? null : _processes[_random.Next(_processes.Count)];

    private bool TryAnyRegion(out GeneratedProcess process, out string region, out int pages)
    {
        (region, pages) = (string.Empty, 0);
        process = AnyProcess()!;
        if (process is null || process.Regions.Count == 0)
        {
            return false;
        }

        (region, pages) = process.Regions[_random.Next(process.Regions.Count)];
        return true;
    }

    // Some pages of a region, mostly few; all of them without an index now and then.
    private PageRange Part(string region, int pages, bool mayBeAll = true)
    {
        if (mayBeAll && _random.OneIn(5))
        {
            return new PageRange(NameOf(region), null);
        }

        int first = _random.Next(pages);
        int last = first + _random.Next(pages - first);
        ulong step = last > first + 1 && _random.OneIn(8) ? 2UL : 1UL;
        return new PageRange(NameOf(region), new PageSelection((ulong)first, (ulong)last, step));
    }

    // Few contents, so that they meet; zeroes often.
    private ulong AnyContent() => (ulong)(_random.OneIn(4) ? 0 : _random.OneIn(6) ? 1000 + _random.Next(1000) : 1 + _random.Next(6));

    private void SetKnobs(params (string Knob, string Value)[] settings)
    {
        KnobSetting[] knobs = System.Array.ConvertAll(settings, setting => new KnobSetting(setting.Knob, setting.Value, default));
        Add(new Operation.Knobs(default, [.. knobs]));
    }
}
