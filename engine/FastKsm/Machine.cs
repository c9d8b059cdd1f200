using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.AddressSpaces;
using FastKsm.Diagnostics;
using FastKsm.Memory;
using FastKsm.Merging;
using FastKsm.Primitives;
using FastKsm.Tlb;
using Microsoft.Extensions.ObjectPool;

namespace FastKsm;

/// <summary>A simulated machine: frames, CPUs, processes.</summary>
/// <remarks>
/// Thread safety: processes may be made, and CPUs driven, by several threads at once, each CPU by one at a time.
/// <see cref="Validate"/> and <see cref="Dispose"/> need a machine at rest.
/// </remarks>
public sealed class Machine : IDisposable
{
    private readonly Cpu[] _cpus;
    private readonly RankedLock _processLock = new(LockRank.Processes);
    private readonly List<ProcessRecord> _processes = [];
    private readonly Stack<ProcessRecord> _spareProcesses = [];
    private readonly NodeRemover _remover;
    private bool _isDisposed;

    /// <summary>Makes a machine without processes.</summary>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message says which.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space or memory.</exception>
    public Machine(MachineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        Clock = options.ModelTime ?? new ModelClock();
        FrameLayout layout = new((uint)options.Frames, options.Nodes, options.Cpus, options.ContentSize, options.ZeroPageColours);
        Store = new AddressSpaceStore(
            layout, options.MaxMapCount, 1UL << (Sizes.AddressBits - options.PageShift),
            new ZeroFrameUse(options.ZeroFrameReads, options.ZeroFrameSplits), options.Tlb with { Time = Clock });
        Spaces = new SpacePool(Store);
        Arguments = new PageArguments(options.PageShift, Store.PageLimit);
        Merger = new MergeScanner(
            Store, options.BackgroundCpu, Clock, Events, options.Index == MergeIndexKind.Fingerprint, options.ItemOverlay == ItemOverlay.Linux2026,
            options.HashingThreads, options.MergeFlushes == MergeFlushes.Batched);
        Walker = new FrameWalker(Store, Merger, options.Pruning, options.WalkNodesPerHold);
        FrameDissolver dissolver = new(Store, Walker);
        Store.Merger = Merger;
        Merger.Dissolver = dissolver;
        Store.Dissolver = dissolver;
        Migrator = new FrameMigrator(Store, Walker, Merger, dissolver);
        Pager = new FramePager(Store, Walker, dissolver);
        _remover = new NodeRemover(options.BackgroundCpu, Store, Migrator, Merger);
        Ksm = new Ksm(this);
        Tlbs = new Tlbs(this);
        _cpus = new Cpu[options.Cpus];
        for (int i = 0; i < _cpus.Length; i++)
        {
            _cpus[i] = new Cpu(this, i);
        }
    }

    /// <summary>What the machine is made of.</summary>
    public MachineOptions Options { get; }

    /// <summary>The CPUs, by number.</summary>
    public IReadOnlyList<Cpu> Cpus => _cpus;

    /// <summary>Same-page merging: its scanner, settings and counters.</summary>
    public Ksm Ksm { get; }

    /// <summary>What CPUs remember of page tables, and how they are made to forget it.</summary>
    public Tlbs Tlbs { get; }

    /// <summary>The time that merging goes by.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Frames that nobody uses.</summary>
    public long FreeFrames => Store.Frames.Allocator.CountFree();

    /// <summary>Merged frames that a write or a pin has copied (vmstat's <c>cow_ksm</c>).</summary>
    public long CowKsm => Store.MergedFramesCopied;

    /// <summary>Zero frames placed by same-page merging that are still mapped (<c>ksm_zero_pages</c>).</summary>
    public long KsmZeroPages => Store.MergerZeroPages;

    /// <summary>Whether it has been disposed.</summary>
    internal bool IsDisposed => _isDisposed;

    /// <summary>ksmd.</summary>
    internal MergeScanner Merger { get; }

    /// <summary>From frames to pages.</summary>
    internal FrameWalker Walker { get; }

    /// <summary>Moves frames.</summary>
    internal FrameMigrator Migrator { get; }

    /// <summary>Pages frames out.</summary>
    internal FramePager Pager { get; }

    /// <summary>Events on their way to listeners.</summary>
    internal KsmEventQueue Events { get; } = new();

    /// <summary>Tables of all address spaces.</summary>
    internal AddressSpaceStore Store { get; }

    /// <summary>Address spaces, used and to be used again.</summary>
    internal SpacePool Spaces { get; }

    /// <summary>Sets of frames, to be used again.</summary>
    internal ObjectPool<HashSet<Pfn>> FrameSets { get; } = ObjectPool.Create<HashSet<Pfn>>();

    /// <summary>Checks addresses and lengths.</summary>
    internal PageArguments Arguments { get; }

    /// <summary>Whether frames keep every byte.</summary>
    internal bool KeepsBytes => Options.Content == FrameContent.Page;

    /// <summary>
    /// What reverse-map walks of a kind have cost since the machine was made, or <see cref="ResetWalks"/>.
    /// </summary>
    /// <param name="kind">The kind.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is none of its values.</exception>
    public WalkFigures Walks(WalkKind kind)
    {
        if (kind is < WalkKind.Referenced or > WalkKind.Restore)
        {
            Throw.OutOfRange(nameof(kind), kind, "a kind of walk");
        }

        return Store.AnonVmas.Statistics.Read(kind);
    }

    /// <summary>Forgets what <see cref="Walks"/> has counted so far.</summary>
    public void ResetWalks() => Store.AnonVmas.Statistics.Reset();

    /// <summary>
    /// Takes the memory of a NUMA node out of use, after everything on it has been moved elsewhere (memory hot-remove).
    /// </summary>
    /// <remarks>
    /// Its CPUs go on and get their frames from other nodes. Frames of shared and of file-like memory cannot be moved.
    /// </remarks>
    /// <param name="node">The node. Taking away what is away changes nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such node.</exception>
    /// <exception cref="MemoryOperationException">Something on it cannot be moved, or it is the last one in use: EBUSY.</exception>
    public void TakeOffline(int node)
    {
        CheckNode(node);
        if (!Store.Frames.Allocator.IsClosed(node))
        {
            MemoryStatus status = _remover.TryRemove(node);
            Events.Flush();
            if (status != MemoryStatus.Done)
            {
                Failures.Throw(status, nameof(TakeOffline), 0);
            }
        }
    }

    /// <summary>Takes <see cref="TakeOffline"/> back.</summary>
    /// <param name="node">The node.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such node.</exception>
    public void BringOnline(int node)
    {
        CheckNode(node);
        if (Store.Frames.Allocator.IsClosed(node))
        {
            Store.Frames.Allocator.Open(node);
        }
    }

    /// <summary>Makes a process with an empty address space. No CPU runs it before <see cref="Cpu.Run"/>.</summary>
    public ModelProcess Spawn()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Adopt(Spaces.Take(), null);
    }

    /// <summary>
    /// Counts references, mappings, VMAs and page tables from scratch and compares. For a machine at rest.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Another thread drives a CPU; or an invariant is broken, and the message names it.
    /// </exception>
    public void Validate()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ThrowIfDriven(nameof(Validate));
        Store.Oracle?.ThrowIfBroken();
        Store.Flushes.Validate();
        using (_processLock.Hold())
        {
            StoreRecount recount = new(Store);
            long zeroPages = 0;
            foreach (ProcessRecord process in _processes)
            {
                SpaceValidation.Validate(process.Space, recount);
                zeroPages += process.Space.Counts.MergerZero;
            }

            recount.Finish(Merger.Validate());
            TranslationValidation.Validate(Store);
            zeroPages += Store.ZeroPagesMiscounted;
            if (zeroPages != KsmZeroPages)
            {
                throw new InvalidOperationException($"Invariant A9 is broken: {zeroPages} zero pages, {KsmZeroPages} counted.");
            }
        }
    }

    /// <summary>Frees all native memory. The machine, its processes and pins are of no use any more.</summary>
    /// <exception cref="InvalidOperationException">Another thread drives a CPU; nothing has changed.</exception>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            ThrowIfDriven(nameof(Dispose));
            _isDisposed = true;
            Merger.Dispose();
            Store.Dispose();
            Store.Oracle?.ThrowIfBroken();
        }
    }

    private void CheckNode(int node)
    {
        ThrowIfDisposed();
        if (node < 0 || node >= Options.Nodes)
        {
            Throw.OutOfRange(nameof(node), node, $"a node from 0 to {Options.Nodes - 1}");
        }
    }

    // A driver that is the calling thread itself is at rest as long as it is here.
    private void ThrowIfDriven(string operation)
    {
        foreach (Cpu cpu in _cpus)
        {
            if (cpu.Driver is { } driver && driver != Thread.CurrentThread)
            {
                throw new InvalidOperationException(
                    $"{operation} was refused: CPU {cpu.Number} is driven by another thread (managed thread {driver.ManagedThreadId}). "
                    + "That thread has to call Idle first.");
            }
        }
    }

    /// <summary>Makes a process of an address space, of which it becomes the user.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that forks it; null for none.</param>
    internal ModelProcess Adopt(AddressSpace space, Cpu? cpu)
    {
        using (_processLock.Hold())
        {
            ProcessRecord record = _spareProcesses.TryPop(out ProcessRecord? spare) ? spare : new ProcessRecord(this, space);
            record.Place = _processes.Count;
            _processes.Add(record);
            return new ModelProcess(record, record.Begin(space, cpu));
        }
    }

    /// <summary>Takes a process that has exited off the list; the record is free for another one.</summary>
    internal void Forget(ProcessRecord record)
    {
        using (_processLock.Hold())
        {
            ProcessRecord last = _processes[^1];
            _processes[record.Place] = last;
            last.Place = record.Place;
            _processes.RemoveAt(_processes.Count - 1);
            _spareProcesses.Push(record);
        }
    }

    /// <summary>Throws when the machine has been disposed, or when a listener calls back from an event.</summary>
    internal void ThrowIfDisposed()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (OracleSwitch.IsOn)
        {
            Store.Oracle?.ThrowIfBroken();
        }

        if (Events.IsEmitting)
        {
            throw new InvalidOperationException("A listener of events called the machine back; note the event and call later.");
        }
    }
}
