using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <summary>Makes whole scripts about merging, the same ones for a seed and a profile.</summary>
/// <remarks>
/// Everything that the two sides can do is here; what is left out is listed, each with its reason, in the README of this
/// folder. Operations may be refused; both sides must then refuse them alike. Thread safety: none.
/// </remarks>
internal sealed partial class ScriptGenerator
{
    // They are compared page by page.
    private const int MostHugeRegions = 2;

    private const string Never = "4294967295";

    private readonly SeededRandom _random;
    private readonly GeneratorProfile _profile;
    private readonly List<Operation> _operations = [];
    private readonly List<GeneratedProcess> _processes = [];
    private readonly List<(string Process, string Region, int Page)> _orphanedPins = [];
    private readonly (Act Act, int Weight)[] _weights;
    private readonly int _weightOfAll;
    private readonly int _scansAtOnce;
    private int _nextProcess;
    private int _hugeRegions;
    private bool _isWithinScan;

    private ScriptGenerator(ulong seed, GeneratorProfile? profile)
    {
        _random = new SeededRandom(seed);
        int drawn = _random.Next(GeneratorProfile.All.Count + 4);
        _profile = profile ?? GeneratorProfile.All[drawn < GeneratorProfile.All.Count ? drawn : 0];
        _scansAtOnce = _random.Of(_profile.ScansAtOnce);
        _weights = [.. _profile.Weights.OrderBy(entry => entry.Key).Select(entry => (entry.Key, entry.Value))];
        _weightOfAll = _weights.Sum(entry => entry.Weight);
    }

    /// <summary>Makes the script of a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="profile">Its shape; null to draw one by the seed.</param>
    internal static Script Generate(ulong seed, GeneratorProfile? profile = null)
    {
        ScriptGenerator generator = new(seed, profile);
        generator.Begin();
        (int least, int more) = generator._profile.Length;
        for (int left = least + generator._random.Next(more); left > 0; left--)
        {
            generator.Perform(generator.AnyAct());
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
        if (_profile.Weights.ContainsKey(Act.SwitchCpu) && _random.OneIn(2))
        {
            Add(new Operation.Machine(default, new MachineSettings { Cpus = CpusOfSome }));
            _cpus = CpusOfSome;
        }

        SetKnobs(
            ("max_page_sharing", _random.Of(_profile.Limits)),
            ("smart_scan", _profile.SkipsPages ? "1" : _random.Of("0", "0", "1")),
            ("use_zero_pages", _profile.UsesZeroPages ? "1" : _random.Of("0", "1")),
            ("stable_node_chains_prune_millisecs", _random.Of("0", Never)));
        Spawn();
        Spawn();
    }

    private Act AnyAct()
    {
        int left = _random.Next(_weightOfAll);
        int at = 0;
        while (left >= _weights[at].Weight)
        {
            left -= _weights[at++].Weight;
        }

        return _weights[at].Act;
    }

    private void Perform(Act act) => Of(act)();

    private System.Action Of(Act act) => act switch
    {
        Act.Scan => Scan,
        Act.Write => Write,
        Act.Fill => Fill,
        Act.FillUnique => FillUnique,
        Act.Poke => Poke,
        Act.Read => Read,
        Act.Populate => Populate,
        Act.ForceWrite => ForceWrite,
        Act.DirectIo => DirectIo,
        Act.Spawn => Spawn,
        Act.Fork => Fork,
        Act.Exit => Exit,
        Act.Exec => Exec,
        Act.SwitchCpu => SwitchCpu,
        Act.Map => Map,
        Act.UnmapPart => UnmapPart,
        Act.UnmapAll => UnmapAll,
        Act.Protect => Protect,
        Act.MoveAll => MoveAll,
        Act.MovePart => MovePart,
        Act.MoveAndKeep => MoveAndKeep,
        Act.Resize => Resize,
        Act.Mergeable => Mergeable,
        Act.Unmergeable => Unmergeable,
        Act.DontNeed => DontNeed,
        Act.OtherAdvice => OtherAdvice,
        Act.Lock => Lock,
        Act.Unlock => Unlock,
        Act.MergeEverything => MergeEverything,
        Act.MergeNothing => MergeNothing,
        Act.Prctl => Prctl,
        Act.Pin => Pin,
        Act.PinForReading => PinForReading,
        Act.Unpin => Unpin,
        Act.ZeroPages => ZeroPages,
        Act.SmartScan => SmartScan,
        Act.PruneInterval => PruneInterval,
        Act.Interval => Interval,
        Act.Limit => Limit,
        Act.Nodes => Nodes,
        Act.Advisor => Advisor,
        Act.RefusedKnob => RefusedKnob,
        Act.NoPagesToScan => NoPagesToScan,
        Act.Stop => Stop,
        Act.UnmergeAll => UnmergeAll,
        Act.Batches => Batches,
        Act.ChainComesAndGoes => ChainComesAndGoes,
        Act.HugePages => HugePages,
        Act.ForgottenParent => ForgottenParent,
        Act.LargeNeighbours => LargeNeighbours,
        _ => ForkAndDiverge,
    };

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

    private PagePlace Page(string region, int pages) => new(NameOf(region), (ulong)_random.Next(pages));

    // Few contents, so that they meet; zeroes often.
    private ulong AnyContent() => (ulong)(
        _random.OneIn(_profile.ZeroChance) ? 0
        : _random.OneIn(_profile.UniqueChance) ? 1000 + _random.Next(1000)
        : 1 + _random.Next(_profile.Contents));
}
