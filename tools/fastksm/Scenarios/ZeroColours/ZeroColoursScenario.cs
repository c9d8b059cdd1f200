using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using System.Numerics;

namespace FastKsm.Cli.Scenarios.ZeroColours;

/// <summary>What the number of zero frames does to the speed at which a de-duplicated table of zeroes is read.</summary>
internal sealed class ZeroColoursScenario : IScenario
{
    private const int WordBytes = 8;

    private static readonly string[] s_notes =
    [
        "With use_zero_pages=0 a KSM page has max_page_sharing=256 addresses, of all colours.",
        "Where every level is indexed by physical address, one zero frame is best: fewer lines are in use. Several pay where the first "
            + "level is indexed by virtual address and a way of it is larger than a page: it holds one copy of a line only, and pages of "
            + "another colour each miss it.",
        "Not modelled: fetching ahead, overlapping loads, other users of the caches, and the way prediction of Zen, which goes by virtual "
            + "address.",
    ];

    private readonly Option<long> _pages = ScenarioOption.Number("--pages", "Pages of the table.", 16384, 1, 1 << 22);
    private readonly Option<long[]> _colours = ScenarioOption.Numbers(
        "--colours", "Numbers of zero frames to try, powers of two.", [1, 2, 4, 8, 16, 32, 64], 1, 1024);

    private readonly Option<string> _cpu = ScenarioOption.Word("--cpu", "Whose caches read it.", CacheModel.Choices);
    private readonly Option<string> _order = ScenarioOption.Word(
        "--order", "Whether words are read from the first to the last, or at random.", "sequential", "random");

    private readonly Option<long> _stride = ScenarioOption.Number("--stride", "Bytes from one read to the next.", WordBytes, 1, 4096);
    private readonly Option<long> _passes = ScenarioOption.Number(
        "--passes", "Times that the table is read and counted, after one that warms the caches.", 1, 1, 100);

    private readonly LevelOptions _first = new("l1", "first-level cache");
    private readonly LevelOptions _second = new("l2", "second-level cache");
    private readonly LevelOptions _third = new("l3", "third-level cache");
    private readonly Option<long> _memoryCycles = ScenarioOption.Number(
        "--memory-cycles", "Cycles of a load from memory; 0: the CPU's.", 0, 0, 100_000);

    /// <inheritdoc/>
    public string Name => "zero-colours";

    /// <inheritdoc/>
    public string Summary => "A de-duplicated table of zeroes is read through one zero frame and through several: cache hits and time.";

    /// <inheritdoc/>
    public IReadOnlyList<Option> Options =>
        [_pages, _colours, _cpu, _order, _stride, _passes, .. _first.All, .. _second.All, .. _third.All, _memoryCycles];

    /// <inheritdoc/>
    public ScenarioReport Run(ParseResult options, ulong seed)
    {
        int pages = (int)options.GetValue(_pages);
        long[] colours = options.GetValue(_colours)!;
        if (colours.FirstOrDefault(number => !BitOperations.IsPow2(number)) is var odd and > 0)
        {
            throw new ToolException(ExitCode.BadInput, $"scenario {Name}: --colours {odd}: a number of zero frames is a power of two.");
        }

        CacheModel[] cpus = [.. CacheModel.Of(options.GetValue(_cpu)!).Select(cpu => Adjust(cpu, options))];
        (string Held, ZeroTable Table)[] tables =
        [
            ("not merged", ZeroTable.Make(pages, 1, scans: 0, useZeroPages: false, seed)),
            ("merged, use_zero_pages=0", ZeroTable.Make(pages, 1, scans: 2, useZeroPages: false, seed)),
            .. colours.Select(number => (
                string.Create(CultureInfo.InvariantCulture, $"zero frames: {number}"),
                ZeroTable.Make(pages, (int)number, scans: 2, useZeroPages: true, seed))),
        ];

        ScenarioTable shown = new(
            "reads",
            "Reads that each level answered",
            new("cpu", "CPU", IsFigure: false),
            new("held_by", "table held by", IsFigure: false),
            new("frames", "frames"),
            new("ksm_zero_pages", "ksm_zero_pages"),
            new("l1_hits", "L1"),
            new("l1_share", "L1 of all"),
            new("l2_hits", "L2"),
            new("l3_hits", "L3"),
            new("memory_reads", "memory"),
            new("cycles_per_read", "cycles a read"),
            new("modelled_ms", "modelled time"));
        foreach (CacheModel cpu in cpus)
        {
            foreach ((string held, ZeroTable table) in tables)
            {
                CacheHierarchy caches = Read(table, cpu, options, seed);
                long reads = caches.Hits.Sum();
                shown.Add(
                    cpu.Name, held, table.DistinctFrames, table.Counters.KsmZeroPages,
                    caches.Hits[0], ScenarioCell.Of(100.0 * caches.Hits[0] / reads, 2, " %"), caches.Hits[1], caches.Hits[2], caches.Hits[3],
                    ScenarioCell.Of((double)caches.Cycles / reads, 2),
                    ScenarioCell.Of(caches.Cycles / cpu.Gigahertz / 1e6, 2, " ms"));
            }
        }

        return new ScenarioReport { Tables = [shown], Notes = [.. cpus.Select(Describe), .. s_notes] };
    }

    private static string Describe(CacheModel cpu) => string.Create(
        CultureInfo.InvariantCulture,
        $"{cpu.Name}: {cpu.Description}; {string.Join(", ", cpu.Levels.Select(Describe))}, memory {cpu.MemoryCycles} cycles.");

    private static string Describe(CacheLevel level) => string.Create(
        CultureInfo.InvariantCulture,
        $"{level.Name} {level.Bytes / 1024} KiB {level.Ways}-way {level.LineBytes} B {level.Cycles} cycles");

    private CacheModel Adjust(CacheModel cpu, ParseResult options)
    {
        LevelOptions[] changes = [_first, _second, _third];
        CacheModel changed = cpu with
        {
            Levels = [.. cpu.Levels.Select((level, i) => changes[i].Apply(level, options))],
            MemoryCycles = options.GetValue(_memoryCycles) is > 0 and var cycles ? (int)cycles : cpu.MemoryCycles,
        };
        return changed.Levels.Select(level => level.Fault).FirstOrDefault(fault => fault is not null) is { } fault
            ? throw new ToolException(ExitCode.BadInput, $"scenario {Name}: {cpu.Name}: {fault}")
            : changed;
    }

    private CacheHierarchy Read(ZeroTable table, CacheModel cpu, ParseResult options, ulong seed)
    {
        CacheHierarchy caches = new(cpu, ZeroTable.PageBytes);
        ulong stride = (ulong)options.GetValue(_stride);
        bool atRandom = options.GetValue(_order) is "random";
        ulong reads = ((ulong)table.Frames.Length * ZeroTable.PageBytes) / stride;
        SeededRandom random = new(seed);
        for (long pass = options.GetValue(_passes); pass >= 0; pass--)
        {
            for (ulong i = 0; i < reads; i++)
            {
                ulong offset = (atRandom ? random.Below(reads) : i) * stride;
                ulong frame = table.Frames[offset / ZeroTable.PageBytes];
                caches.Read(ZeroTable.Address + offset, (frame * ZeroTable.PageBytes) + (offset % ZeroTable.PageBytes));
            }

            if (pass == options.GetValue(_passes))
            {
                caches.ForgetCounts();
            }
        }

        return caches;
    }
}
