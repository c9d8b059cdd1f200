using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>CPUs and address spaces with naive page tables: every access must see what its page table says.</summary>
/// <remarks>
/// One thread. A page that a batch or a gather has changed and not yet flushed may still show its old frame; nothing
/// else may. Frames are numbered anew each time, so that an old one is never right again.
/// </remarks>
internal sealed class FlushWorld : IDisposable
{
    internal const int Pages = 96;
    private const ulong First = 0x400;

    private readonly uint[][] _tables;
    private readonly HashSet<(int Space, ulong Page, uint Frame)> _owed = [];
    private readonly ulong[] _generations;
    private readonly (ulong Context, ulong Generation)[] _slots;
    private uint _lastFrame;

    internal FlushWorld(TlbOptions options, int cpus, int spaces, PlantedBug bug = PlantedBug.None)
    {
        Engine = new FlushEngine(options, cpus, new AllocationFaults()) { Bug = bug };
        Spaces = new SpaceTranslations[spaces];
        _generations = new ulong[spaces];
        _slots = new (ulong, ulong)[cpus * CpuTlb.MaxSlots];
        _tables = new uint[spaces][];
        for (int space = 0; space < spaces; space++)
        {
            Spaces[space] = new SpaceTranslations(Engine);
            Spaces[space].Begin((ulong)space + 1);
            _tables[space] = new uint[Pages];
            for (int page = 0; page < Pages; page++)
            {
                _tables[space][page] = ++_lastFrame;
            }
        }
    }

    internal FlushEngine Engine { get; }

    internal SpaceTranslations[] Spaces { get; }

    internal void Run(int cpu, int space)
    {
        Engine[cpu].BeginDriving(Thread.CurrentThread);
        Engine[cpu].SwitchTo(Spaces[space]);
    }

    internal void Idle(int cpu)
    {
        Engine[cpu].SwitchTo(null);
        Engine[cpu].EndDriving();
    }

    /// <summary>An access; false where nothing is mapped.</summary>
    internal bool Access(int cpu, int page)
    {
        CpuTlb tlb = Engine[cpu];
        int space = Array.IndexOf(Spaces, tlb.Running);
        ulong number = First + (ulong)page;
        uint entry = _tables[space][page];
        if (tlb.TryBegin(number, writes: false, out Pfn frame) || tlb.TryBeginL2(number, writes: false, out frame))
        {
            tlb.End();
            if (frame.Number != entry && !_owed.Contains((space, number, frame.Number)))
            {
                throw new InvalidOperationException(
                    $"CPU {cpu} sees frame {frame.Number} as page {page} of {space}, not {entry}.");
            }
        }
        else if (entry == 0)
        {
            return false;
        }
        else
        {
            Translation translation = new(new Pfn(entry), TranslationBits.Valid | TranslationBits.Accessed);
            Pfn filled = tlb.BeginFilled(number, translation, writes: false);
            tlb.End();
            if (filled.Number != entry)
            {
                throw new InvalidOperationException("A fill led elsewhere.");
            }
        }

        return true;
    }

    /// <summary>Gives pages other frames, with one flush behind.</summary>
    internal void Change(int cpu, int space, int page, int pages, bool kernelThread = false, bool freedTables = false)
    {
        for (int i = page; i < page + pages; i++)
        {
            _tables[space][i] = ++_lastFrame;
        }

        Engine.Flush(FlushSite.Unmapped, cpu, kernelThread, Spaces[space], First + (ulong)page, (ulong)pages, 0, freedTables);
    }

    /// <summary>Takes pages away in a batch, and flushes it.</summary>
    internal void Reclaim(int cpu, int space, int page, int pages, Action between)
    {
        FlushBatch batch = new(Engine, kernelThread: false);
        for (int i = page; i < page + pages; i++)
        {
            if (_tables[space][i] != 0)
            {
                _ = _owed.Add((space, First + (ulong)i, _tables[space][i]));
                _tables[space][i] = 0;
                batch.Add(cpu, Spaces[space], wasDirty: false, First + (ulong)i);
            }
        }

        between();
        batch.Flush(cpu);
        _owed.Clear();
    }

    /// <summary>
    /// Takes pages away in a batch; before it is flushed, another CPU looks whether one is pending (R6), and then none of them may be
    /// reachable.
    /// </summary>
    internal void ReclaimBesideLook(int cpu, int space, int page, int pages, int looker, Action between)
    {
        FlushBatch batch = new(Engine, kernelThread: false);
        for (int i = page; i < page + pages; i++)
        {
            if (_tables[space][i] != 0)
            {
                _ = _owed.Add((space, First + (ulong)i, _tables[space][i]));
                _tables[space][i] = 0;
                batch.Add(cpu, Spaces[space], wasDirty: false, First + (ulong)i);
            }
        }

        Engine.CheckPending(looker, kernelThread: false, Spaces[space]);
        _owed.Clear();
        between();
        batch.Flush(cpu);
    }

    /// <summary>Maps what is not mapped.</summary>
    internal void Populate(int space)
    {
        for (int page = 0; page < Pages; page++)
        {
            if (_tables[space][page] == 0)
            {
                _tables[space][page] = ++_lastFrame;
            }
        }
    }

    /// <summary>Unmaps pages and their table.</summary>
    internal void Unmap(int cpu, int space, int page, int pages, bool freesTable)
    {
        Gather<Check> gather = Gather<Check>.Begin(Engine, FlushSite.Unmapped, cpu, Spaces[space], new Check(this, space));
        Take(ref gather, space, page, pages);
        if (freesTable)
        {
            _ = gather.AddTable(1, First);
        }

        gather.Finish();
        _owed.Clear();
    }

    /// <summary>
    /// Two unmappings at once: the second finds nothing left, is done first, and then nothing may be reachable.
    /// </summary>
    internal void UnmapTwice(int cpu, int space, int page, int pages, int looker)
    {
        Gather<Check> first = Gather<Check>.Begin(Engine, FlushSite.Unmapped, cpu, Spaces[space], new Check(this, space));
        Take(ref first, space, page, pages);
        Gather<Check> second = Gather<Check>.Begin(Engine, FlushSite.Unmapped, cpu, Spaces[space], new Check(this, space));
        second.Finish();
        _owed.Clear();
        for (int i = page; i < page + pages; i++)
        {
            if (Access(looker, i))
            {
                throw new InvalidOperationException("A page could be used after it was unmapped.");
            }
        }

        first.Finish();
    }

    /// <summary>
    /// I8: generations of address spaces and of slots only rise, and no slot is ahead of its address space. I9: nor is a
    /// request.
    /// </summary>
    internal void CheckGenerations()
    {
        for (int space = 0; space < Spaces.Length; space++)
        {
            Assert.True(Spaces[space].Generation >= _generations[space], "I8");
            _generations[space] = Spaces[space].Generation;
        }

        for (int cpu = 0; cpu < Engine.CpuCount; cpu++)
        {
            for (int slot = 0; slot < CpuTlb.MaxSlots; slot++)
            {
                ulong context = Engine[cpu].ContextOf(slot);
                ulong generation = Engine[cpu].GenerationOf(slot);
                (ulong Context, ulong Generation) before = _slots[(cpu * CpuTlb.MaxSlots) + slot];
                Assert.True(context == 0 || generation <= Spaces[context - 1].Generation, "I8");
                Assert.True(context != before.Context || generation >= before.Generation, "I8");
                _slots[(cpu * CpuTlb.MaxSlots) + slot] = (context, generation);
            }
        }
    }

    /// <summary>I9: no request named a generation that its address space had not had when it was handled.</summary>
    internal static void CheckRequests(FlushEvent[] events)
    {
        Dictionary<ulong, ulong> highest = [];
        foreach (FlushEvent happened in events)
        {
            if (happened.Kind == FlushEventKind.RangeFlush)
            {
                highest[happened.ContextId] = Math.Max(highest.GetValueOrDefault(happened.ContextId), happened.Generation);
            }
            else if (happened.Kind == FlushEventKind.Handled && happened.ContextId != 0 && happened.Initiator != happened.Cpu)
            {
                Assert.True(happened.Generation <= highest.GetValueOrDefault(happened.ContextId), "I9");
            }
        }
    }

    public void Dispose() => Engine.Dispose();

    private void Take(ref Gather<Check> gather, int space, int page, int pages)
    {
        for (int i = page; i < page + pages; i++)
        {
            if (_tables[space][i] != 0)
            {
                _ = _owed.Add((space, First + (ulong)i, _tables[space][i]));
                gather.Extend(First + (ulong)i, 1, 0);
                _ = gather.Add(new Pfn(_tables[space][i]));
                _tables[space][i] = 0;
            }
        }
    }

    // A frame is let go: no CPU that runs can reach it. A table is: no CPU has the address space loaded in passing.
    private readonly struct Check(FlushWorld world, int space) : IGatherRelease
    {
        public void ReleaseFrame(Pfn frame, bool isHuge, bool delayedRmap)
        {
            for (int cpu = 0; cpu < world.Engine.CpuCount; cpu++)
            {
                CpuTlb tlb = world.Engine[cpu];
                bool runsIt = tlb.Running == world.Spaces[space];
                for (int page = 0; page < Pages; page++)
                {
                    if (runsIt && tlb.TryBegin(First + (ulong)page, writes: false, out Pfn seen))
                    {
                        tlb.End();
                        if (seen == frame)
                        {
                            throw new InvalidOperationException($"{frame} was let go while CPU {cpu} reached it.");
                        }
                    }
                }
            }
        }

        // By broadcast, or on entry, a lazy CPU keeps the address space, and what it has cached of the walk is gone.
        public void ReleaseTable(uint leaf)
        {
            SpaceTranslations mm = world.Spaces[space];
            FlushRequest any = new(mm, mm.ContextId, 0, 0, 0, 0, 0, RequestKind.Interrupt);
            for (int cpu = 0; cpu < world.Engine.CpuCount; cpu++)
            {
                CpuTlb tlb = world.Engine[cpu];
                bool mustLeave = world.Engine.Options.Shootdown == ShootdownKind.X86Interrupts;
                if (mustLeave && tlb.IsLazy && tlb.HasLoaded(in any))
                {
                    throw new InvalidOperationException($"A page table was let go while lazy CPU {cpu} could walk it.");
                }
            }
        }
    }
}
