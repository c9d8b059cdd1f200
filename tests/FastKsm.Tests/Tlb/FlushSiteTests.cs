using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>Every flush of the engine is needed: each one left out is noticed, with none left out nothing is.</summary>
public sealed partial class FlushSiteTests
{
    private const ulong Page = Machines.Page;
    private const ulong Huge = 512 * Page;
    private const ulong Start = 64 * Huge;

    public static TheoryData<string> Sites => [.. Enum.GetNames<FlushSite>()];

    // The others have tests of their own. What the pending check flushes, one thread has flushed itself by then: it is for another
    // thread's batch (FlushWorldTests).
    public static TheoryData<string> NeededSites =>
        [.. Enum.GetNames<FlushSite>().Where(name => name is not (nameof(FlushSite.HugeSplit) or nameof(FlushSite.HugeAged) or nameof(FlushSite.PendingChecked)))];

    [Theory]
    [MemberData(nameof(NeededSites))]
    public void Flush_LeftOut_IsNoticed(string name)
    {
        FlushSite site = Enum.Parse<FlushSite>(name);
        using Machine machine = MachineFor(site);
        TranslationOracle oracle = machine.Store.Oracle!;
        FlushEngine flushes = machine.Store.Flushes;
        flushes.Dropped = site;

        _ = Record.Exception(() => Provoke(machine, site));

        Assert.True(flushes.DroppedFlushes != 0, $"The workload for {site} does not come by this flush.");
        Assert.True(oracle.Fault is not null, $"{site} has been left out, and nothing has noticed: is it needed?");
        Assert.Contains("Invariant I", Assert.Throws<InvalidOperationException>(machine.Dispose).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Sites))]
    public void Flush_AllMade_NothingIsNoticed(string name)
    {
        FlushSite site = Enum.Parse<FlushSite>(name);
        using Machine machine = MachineFor(site);

        Provoke(machine, site);

        Assert.Null(machine.Store.Oracle!.Fault);
        machine.Validate();
    }

    // No translation goes wrong, but hardware must not hold a huge translation and small ones of the same page.
    [Fact]
    public void HugeSplitFlush_LeftOut_LeavesACpuWithTheHugeTranslation()
    {
        using Machine machine = Machines.Small(frames: 8192);
        ModelProcess process = MapHuge(machine.Spawn());
        process.Poke(Start, 1);
        machine.Store.Flushes.Dropped = FlushSite.HugeSplit;

        process.Advise(Start, 4 * Page, Advice.Mergeable);

        Assert.NotEqual(0, machine.Store.Flushes.DroppedFlushes);
        string fault = Assert.Throws<InvalidOperationException>(machine.Validate).Message;
        Assert.Contains("Invariant I5: CPU 0", fault, StringComparison.Ordinal);
        Assert.Contains("of another size", fault, StringComparison.Ordinal);
    }

    // The gather's flush behind it would do, but Linux makes both: script T18-cold-huge shows that it does.
    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    public void HugeAgedFlush_LeftOut_IsMissedByTheCount(bool isLeftOut, int operations)
    {
        using Machine machine = Machines.Small(frames: 8192);
        ModelProcess process = MapHuge(machine.Spawn());
        process.Poke(Start, 1);
        machine.Store.Flushes.Dropped = isLeftOut ? FlushSite.HugeAged : null;
        _ = machine.Tlbs.TakeFlushes();

        process.Advise(Start, Huge, Advice.Free);

        Assert.Equal(operations, machine.Tlbs.TakeFlushes().Count);
    }

    // A name says where a flush is, so that one that is left out can be told from the others.
    [Theory]
    [MemberData(nameof(Sites))]
    public void Site_StandsOnceInTheEngine(string site)
    {
        string root = Path.Combine(Repository.Root, "engine/FastKsm");
        int uses = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Sum(
            file => Regex.Count(File.ReadAllText(file), $@"\bFlushSite\.{site}\b", RegexOptions.None, TimeSpan.FromSeconds(1)));

        Assert.Equal(1, uses);
    }

    // munmap makes one flush for pages, huge mappings and page tables: each of them needs it.
    [Theory]
    [InlineData(false, 8)]
    [InlineData(true, 512)]
    [InlineData(false, 0)]
    public void UnmapFlush_LeftOut_IsNoticedForPagesHugeMappingsAndTables(bool huge, int touched)
    {
        using Machine machine = Machines.Small(frames: 8192);
        TranslationOracle oracle = machine.Store.Oracle!;
        ModelProcess process = machine.Spawn();
        _ = process.Map(Huge, new MapOptions { At = Start, HugePages = huge });
        process.Touch(Start, int.Max(1, touched));
        if (touched == 0)
        {
            // Only the page table is left.
            process.Advise(Start, Page, Advice.DontNeed);
        }

        machine.Store.Flushes.Dropped = FlushSite.Unmapped;
        _ = Record.Exception(() => process.Unmap(Start, Huge));

        Assert.NotEqual(0, machine.Store.Flushes.DroppedFlushes);
        Assert.NotNull(oracle.Fault);
        _ = Assert.Throws<InvalidOperationException>(machine.Dispose);
    }

    [Fact]
    public void Flushes_AreMadeInOnePlace() => Assert.Equal(["Tlb/FlushEngine.cs"], FilesWith(Flushes()));

    // The gateway, and the pages of a backing object, which no CPU walks.
    [Fact]
    public void Entries_AreChangedThroughTheGatewayOnly() => Assert.Equal(
        ["AddressSpaces/BackingObject.cs", "AddressSpaces/LeafEdit.cs"], FilesWith(Setters()));

    private static string[] FilesWith(Regex pattern)
    {
        string root = Path.Combine(Repository.Root, "engine/FastKsm");
        return [.. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(file => pattern.IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(root, file))
            .Order(StringComparer.Ordinal)];
    }

    private static Machine MachineFor(FlushSite site)
    {
        bool batched = site is FlushSite.ProtectedAhead or FlushSite.ReplacedTogether;
        MergeFlushes flushes = batched ? MergeFlushes.Batched : MergeFlushes.EachPage;
        return new Machine(new MachineOptions { Frames = 8192, Cpus = 2, MergeFlushes = flushes });
    }

    private static void Provoke(Machine machine, FlushSite site)
    {
        ModelProcess process = machine.Spawn();
        switch (site)
        {
            case FlushSite.CopyOnWrite:
                _ = Filled(process);
                _ = process.Fork();
                process.Poke(Start, 2);
                break;
            case FlushSite.HugeZeroReplaced:
                MapHuge(process);
                _ = process.Peek(Start);
                process.Poke(Start, 1);
                break;
            case FlushSite.Unmapped:
                _ = Filled(process);
                process.Unmap(Start, 8 * Page);
                break;
            case FlushSite.HugeSplit:
                MapHuge(process).Poke(Start, 1);
                process.Protect(Start, 4 * Page, Protection.Read);
                break;
            case FlushSite.Forked:
                _ = Filled(process);
                _ = process.Fork();
                break;
            case FlushSite.Protected:
                Filled(process).Protect(Start, 4 * Page, Protection.Read);
                break;
            case FlushSite.Aged:
                Filled(process).Advise(Start, 4 * Page, Advice.Free);
                break;
            case FlushSite.HugeAged:
                MapHuge(process).Poke(Start, 1);
                process.Advise(Start, Huge, Advice.Cold);
                break;
            case FlushSite.HugeReferenceChecked:
                MapHuge(process).Poke(Start, 1);
                Assert.True(machine.Pager.TryAge(0, process.FrameAt(Start), out _, out _));
                break;
            case FlushSite.Taken:
                Assert.Equal(8, Filled(process).PageOut(Start, 8 * Page));
                break;
            case FlushSite.Migrated:
                _ = Filled(process).Migrate(Start, 8 * Page);
                break;
            case FlushSite.Batched or FlushSite.PendingChecked:
                _ = Filled(process);
                machine.Cpus[1].Run(process);
                machine.Cpus[1].Idle();
                Assert.Equal(8, process.Migrate(Start, 8 * Page));
                process.Unmap(Start, 8 * Page);
                break;
            case FlushSite.WriteProtected or FlushSite.Replaced or FlushSite.ProtectedAhead or FlushSite.ReplacedTogether:
                Filled(process).Advise(Start, 8 * Page, Advice.Mergeable);
                machine.Ksm.Write("run", "1");
                for (int scan = 0; scan < 3; scan++)
                {
                    Assert.True(machine.Ksm.Scan());
                }

                Assert.True(process.IsMergedAt(Start));
                break;
            case FlushSite.Moved:
                _ = Filled(process).Remap(Start, 8 * Page, 8 * Page, to: Start + Huge);
                break;
            case FlushSite.HugeMoved:
                MapHuge(process).Poke(Start, 1);
                _ = process.Remap(Start, Huge, Huge, to: Start + (2 * Huge));
                break;
            case FlushSite.PartTaken:
                MapHuge(process).Poke(Start, 1);
                process.Protect(Start + (300 * Page), Page, Protection.None);
                process.Advise(Start, 4 * Page, Advice.Free);
                Assert.True(process.IsZeroFrameAt(Start + (8 * Page)));
                break;
            case FlushSite.ZeroesDropped:
                MapHuge(process).Poke(Start, 1);
                process.Advise(Start, 4 * Page, Advice.Free);
                Assert.True(process.IsZeroFrameAt(Start + (8 * Page)));
                break;
            default:
                Assert.Fail($"No workload for {site}.");
                break;
        }
    }

    private static ModelProcess Filled(ModelProcess process)
    {
        _ = process.Map(8 * Page, new MapOptions { At = Start });
        process.Touch(Start, 8);
        return process;
    }

    private static ModelProcess MapHuge(ModelProcess process)
    {
        _ = process.Map(Huge, new MapOptions { At = Start, HugePages = true });
        return process;
    }

    [GeneratedRegex(@"\.Flushed\(", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Flushes();

    [GeneratedRegex(@"\b(?:Table|_table|table|_pages)\.(?:Set|SetInBatch|SetClean|SetWhole|ClearWhole|SplitWhole)\(", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Setters();
}
