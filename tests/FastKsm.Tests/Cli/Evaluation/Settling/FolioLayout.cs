using System;
using System.Globalization;
using System.Runtime.InteropServices;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Simd;

namespace FastKsm.Tests.Cli.Evaluation.Settling;

/// <summary>The pages that <c>tests/workloads/folios.c</c> makes from the same arguments, as an evaluation would have read them.</summary>
internal sealed class FolioLayout : IDisposable
{
    private const int PagesOfHuge = 512;
    private const ulong FirstUnique = 1UL << 41;

    private readonly LiveProcess _process = LiveProcess.Open(Environment.ProcessId)!;
    private readonly byte[] _page = new byte[4096];
    private ulong _nextFrame = PagesOfHuge;
    private ulong _nextUnique = FirstUnique;

    /// <param name="regions">As the program takes them: <c>KIND:PAGES[*COUNT]</c>.</param>
    internal FolioLayout(string regions)
    {
        Context = new EvaluationContext(
            HostKsm.Read() with { Run = 0 }, splits: new HugePageSplits(true, IsProbed: true, string.Empty), folioOf: FolioOf);
        _ = Context.Add(new VmaInProcess(_process, default, VmaEligibility.Eligible));
        foreach (string region in regions.Split(' '))
        {
            string[] parts = region.Split(':', '*');
            int count = parts.Length > 2 ? int.Parse(parts[2], CultureInfo.InvariantCulture) : 1;
            for (int i = 0; i < count; i++)
            {
                Add(parts[0], parts[1]);
            }
        }

        RecordSorter.Sort(Table, threads: 1);
        Folios = FolioMap.Find(Table, Context);
    }

    internal EvaluationContext Context { get; }

    internal PageRecordTable Table { get; } = new(capacity: 1_000_000);

    internal FolioMap Folios { get; }

    internal static EvaluationOptions Options(int maxPageSharing, bool useZeroPages) =>
        new(maxPageSharing, useZeroPages, OnlyMarked: false, Threads: 1);

    internal SettlingScan StartScans(int maxPageSharing = 256, bool useZeroPages = false) =>
        new(SettlingPages.Of(Table, Context, Folios), Options(maxPageSharing, useZeroPages));

    public void Dispose()
    {
        _process.EndUse();
        Table.Dispose();
        Context.Dispose();
    }

    // Base pages have frames below the first huge page's.
    private static (ulong First, ulong Count) FolioOf(ulong frame) =>
        frame >= 1 << 20 ? (frame, 1) : (frame & ~(ulong)(PagesOfHuge - 1), (ulong)PagesOfHuge);

    private void Add(string kind, string list)
    {
        bool isHuge = kind.EndsWith("huge", StringComparison.Ordinal);
        bool isKept = kind.StartsWith("locked", StringComparison.Ordinal);
        int pages = 0;
        foreach (string item in list.Split(','))
        {
            string[] numbers = item[1..].Split('x');
            ulong first = ulong.Parse(numbers[0], CultureInfo.InvariantCulture);
            int count = item[0] == 'e' ? numbers.Length > 1 ? int.Parse(numbers[1], CultureInfo.InvariantCulture) : 1 : (int)first;
            for (int i = 0; i < count; i++, pages++)
            {
                AddPage(item[0] switch { 'z' => 0, 'u' => _nextUnique++, _ => first }, isHuge, isKept);
            }
        }

        for (; isHuge && pages < PagesOfHuge; pages++)
        {
            AddPage(_nextUnique++, isHuge, isKept);
        }
    }

    private void AddPage(ulong content, bool isHuge, bool isKept)
    {
        Fill(content);
        int ordinal = Table.Count;
        Table.Commit(1);
        Context.OrderKeys.Reserve(Table.Count);
        Context.OrderKeys[ordinal] = OrderKey.Of(_page);
        ulong frame = isHuge ? _nextFrame++ : (1UL << 20) + (ulong)(2 * ordinal);
        bool isZero = content == 0;
        Table[ordinal] = PageRecord.Create(
            PageChecksum.Hash64(_page), ordinal, 0, frame, isKsm: false, isHuge && isZero, isHuge && isZero && isKept);
    }

    // SplitMix64, as workload.h has it.
    private void Fill(ulong content)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(_page.AsSpan());
        words.Clear();
        ulong state = content;
        for (int i = 0; content != 0 && i < words.Length; i++)
        {
            ulong z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            words[i] = z ^ (z >> 31);
        }
    }
}
