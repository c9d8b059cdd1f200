using System;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;

namespace FastKsm.Tests.Tlb;

/// <summary>
/// Threads that use frames through their CPUs' TLBs, and one that takes frames away and gives them to other pages.
/// </summary>
/// <remarks>
/// A frame's content names the page that it belongs to. A user looks at it when it enters the access, and once more
/// before it leaves. The killer changes the content the moment that its flush has returned: a user that then still sees
/// it has used what was killed.
/// </remarks>
internal sealed class FlushStress : IDisposable
{
    private const ulong First = 0x300;
    private const long Poison = -1;
    private const int ColdWords = 1 << 22;
    private const int ColdStores = 20;
    private const int Pause = 400;

    private readonly int _pages;
    private readonly int _spins;
    private readonly uint[] _table;
    private readonly long[] _contents;
    private readonly SpaceTranslations _space;
    private readonly SpaceTranslations _other;
    private readonly bool _switches;

    // Stores to cold lines, which stand in front of a section's in the processor's store buffer: without a barrier the section shows late.
    private readonly long[] _cold;
    private int _latch;
    private int _stop;
    private long _violations;
    private long _uses;

    internal FlushStress(TlbOptions options, int users, int pages, int spins, bool switches, PlantedBug bug)
    {
        Engine = new FlushEngine(options, users + 1, new AllocationFaults()) { Bug = bug };
        _space = new SpaceTranslations(Engine);
        _space.Begin(1);
        _other = new SpaceTranslations(Engine);
        _other.Begin(2);
        _pages = pages;
        _spins = spins;
        _switches = switches;
        _cold = bug == PlantedBug.NoBarrier ? new long[ColdWords] : [];
        _table = new uint[pages];
        _contents = new long[pages + 2];
        for (int page = 0; page < pages; page++)
        {
            _table[page] = (uint)page + 1;
            _contents[page + 1] = page;
        }
    }

    internal FlushEngine Engine { get; }

    internal long Violations => Volatile.Read(ref _violations);

    internal long Uses => Volatile.Read(ref _uses);

    internal long Kills { get; private set; }

    /// <summary>Kills so many times, or until the time is up, or something was seen that is wrong.</summary>
    internal async Task Run(long kills, TimeSpan limit)
    {
        Action[] users = [.. Enumerable.Range(1, Engine.CpuCount - 1).Select<int, Action>(cpu => () => Use(cpu))];
        await Threads.RunAll([.. users, () => Kill(kills, limit)]).ConfigureAwait(false);
    }

    public void Dispose() => Engine.Dispose();

    private void Kill(long kills, TimeSpan limit)
    {
        CpuTlb cpu = Engine[0];
        cpu.BeginDriving(Thread.CurrentThread);
        cpu.SwitchTo(_space);
        Stopwatch watch = Stopwatch.StartNew();
        Random random = new(1);
        uint spare = (uint)_pages + 1;
        while (Kills < kills && Violations == 0 && watch.Elapsed < limit)
        {
            int page = random.Next(_pages);
            SpinLatch.Enter(ref _latch, LockRank.PageTableLeaf);
            uint old = _table[page];
            _table[page] = 0;
            SpinLatch.Exit(ref _latch, LockRank.PageTableLeaf);
            Engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, _space, First + (ulong)page, 1, 0, freedTables: false);

            Volatile.Write(ref _contents[old], Poison);
            Volatile.Write(ref _contents[spare], page);
            SpinLatch.Enter(ref _latch, LockRank.PageTableLeaf);
            _table[page] = spare;
            SpinLatch.Exit(ref _latch, LockRank.PageTableLeaf);
            spare = old;
            Kills++;
            if (_cold.Length != 0)
            {
                // Most of the uses in between need not ask the page table again: those are the ones that could miss a flush.
                Thread.SpinWait(random.Next(Pause));
            }
        }

        Volatile.Write(ref _stop, 1);
        cpu.SwitchTo(null);
        cpu.EndDriving();
    }

    private void Use(int number)
    {
        CpuTlb cpu = Engine[number];
        cpu.BeginDriving(Thread.CurrentThread);
        cpu.SwitchTo(_space);
        Random random = new(number);
        long uses = 0;
        while (Volatile.Read(ref _stop) == 0)
        {
            for (int i = 0; i < 200; i++)
            {
                int page = random.Next(_pages);
                for (int cold = 0; cold < ColdStores && _cold.Length != 0; cold++)
                {
                    _cold[random.Next(ColdWords)] = cold;
                }

                uses += UseOnce(cpu, page) ? 1 : 0;
            }

            if (_switches)
            {
                cpu.SwitchTo(_other);
                cpu.SwitchTo(random.Next(2) == 0 ? null : _space);
                cpu.SwitchTo(_space);
            }
        }

        _ = Interlocked.Add(ref _uses, uses);
        cpu.SwitchTo(null);
        cpu.EndDriving();
    }

    private bool UseOnce(CpuTlb cpu, int page)
    {
        ulong number = First + (ulong)page;
        if (!cpu.TryBegin(number, writes: false, out Pfn frame) && !cpu.TryBeginL2(number, writes: false, out frame))
        {
            SpinLatch.Enter(ref _latch, LockRank.PageTableLeaf);
            uint entry = _table[page];
            if (entry != 0)
            {
                Translation read = new(new Pfn(entry), TranslationBits.Valid | TranslationBits.Accessed);
                frame = cpu.BeginFilled(number, read, writes: false);
            }

            SpinLatch.Exit(ref _latch, LockRank.PageTableLeaf);
            if (entry == 0)
            {
                return false;
            }
        }

        long seen = Volatile.Read(ref _contents[frame.Number]);
        for (int spin = 0; spin < _spins; spin++)
        {
            seen = seen == page ? Volatile.Read(ref _contents[frame.Number]) : seen;
        }

        cpu.End();
        if (seen != page)
        {
            _ = Interlocked.Increment(ref _violations);
        }

        return true;
    }
}
