using System;
using System.Globalization;
using System.Linq;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>A machine set up as the conformance table's baseline says, and short words for scripts in C#.</summary>
internal sealed class KsmRig : IDisposable
{
    internal const ulong PageSize = 4096;

    private ulong _nextPage = 0x1000;
    private long _scanned;
    private long _skipped;
    private long _copied;

    internal KsmRig(
        MergeIndexKind index, long frames = 8192, int nodes = 1, int zeroPageColours = 1, Pruning pruning = Pruning.PageIndex)
    {
        Machine = new Machine(new MachineOptions
        {
            Frames = frames,
            Nodes = nodes,
            Index = index,
            ZeroPageColours = zeroPageColours,
            Pruning = pruning,
            ModelTime = Clock,
        });
        Set("smart_scan", 0);
        Set("pages_to_scan", 10_000_000);
        Set("run", 1);
    }

    internal ModelClock Clock { get; } = new();

    internal Machine Machine { get; }

    internal KsmCounters Counters => Machine.Ksm.Counters;

    /// <summary>Visits since last asked.</summary>
    internal long Scanned
    {
        get
        {
            long since = Counters.PagesScanned - _scanned;
            _scanned += since;
            return since;
        }
    }

    /// <summary>Skips since last asked.</summary>
    internal long Skipped
    {
        get
        {
            long since = Counters.PagesSkipped - _skipped;
            _skipped += since;
            return since;
        }
    }

    /// <summary>Merged pages copied since last asked.</summary>
    internal long Copied
    {
        get
        {
            long since = Machine.CowKsm - _copied;
            _copied += since;
            return since;
        }
    }

    /// <summary>The figures of the table: shared, sharing, unshared, volatile.</summary>
    internal (long Shared, long Sharing, long Unshared, long Volatile) State
    {
        get
        {
            KsmCounters counters = Counters;
            return (counters.PagesShared, counters.PagesSharing, counters.PagesUnshared, counters.PagesVolatile);
        }
    }

    internal (long Chains, long Dups) Chains => (Counters.StableNodeChains, Counters.StableNodeDups);

    public void Dispose()
    {
        Machine.Validate();
        Machine.Dispose();
    }

    internal void Set(string file, long value) => Machine.Ksm.Write(file, value.ToString(CultureInfo.InvariantCulture));

    internal ModelProcess Spawn() => Machine.Spawn();

    /// <summary>Maps pages away from all others and makes them mergeable.</summary>
    internal Area Map(ModelProcess process, int pages, MapOptions? options = null, bool mergeable = true)
    {
        ulong at = _nextPage;
        _nextPage += (ulong)pages + 16;
        ulong address = process.Map((ulong)pages * PageSize, (options ?? new MapOptions()) with { At = at * PageSize });
        Area area = new(process, address, pages);
        return mergeable ? area.Advise(Advice.Mergeable) : area;
    }

    /// <summary>A process with a region of equal pages.</summary>
    internal Area Equal(int pages, ulong content = 7) => Map(Spawn(), pages).Fill(content);

    /// <summary>A process with a region of unlike pages.</summary>
    internal Area Unique(int pages, ulong from = 100) => Map(Spawn(), pages).FillUnique(from);

    /// <summary>50 contents once, 30 twice, 20 three times, 10 seven times, 2 three hundred times, shuffled.</summary>
    internal Area Multiplicities()
    {
        (int Contents, int Times)[] groups = [(50, 1), (30, 2), (20, 3), (10, 7), (2, 300)];
        ulong content = 1000;
        ulong[] pages = [.. groups.SelectMany(group => Enumerable.Range(0, group.Contents)
            .SelectMany(_ => Enumerable.Repeat(content++, group.Times)))];
        new Random(10).Shuffle(pages);
        Area area = Map(Spawn(), pages.Length);
        for (int i = 0; i < pages.Length; i++)
        {
            _ = area.Write(i, pages[i]);
        }

        return area;
    }

    internal void Scan(int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            long before = Counters.FullScans;
            Assert.True(Machine.Ksm.Scan());
            Assert.Equal(before + 1, Counters.FullScans);
            Machine.Validate();
        }
    }

    internal void Batch(int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            Assert.True(Machine.Ksm.Batch());
        }
    }

    internal void Expect(long shared, long sharing, long unshared, long volatilePages) =>
        Assert.Equal((shared, sharing, unshared, volatilePages), State);
}
