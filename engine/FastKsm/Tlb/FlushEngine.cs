using System;
using System.Diagnostics;
using System.Numerics;
using System.Threading;
using FastKsm.Memory;

namespace FastKsm.Tlb;

/// <summary>The TLBs of a machine's CPUs, and the flushes that keep them true.</summary>
/// <remarks>
/// A flush is complete when no CPU can use what was killed: a target has handled the request, or it has the request in
/// its queue, which its driver handles before it uses the TLB again, and is in no access section inside the range that
/// began before. Thread safety: all members may be called concurrently, but for <see cref="Validate"/> and <see
/// cref="Dispose"/>.
/// </remarks>
internal sealed unsafe partial class FlushEngine : IDisposable
{
    /// <summary>Pages that stand for the whole address space.</summary>
    internal const ulong All = ulong.MaxValue;

    private const int WordBits = 64;

    private readonly Reservation _memory;
    private readonly CpuTlb[] _cpus;
    private readonly AllocationFaults _faults;
    private int _lastGlobalAsid;
    private PlantedBug _bug;
    private FlushSite? _dropped;

    /// <summary>Makes the TLBs, all empty.</summary>
    /// <param name="options">What they are like.</param>
    /// <param name="cpus">CPUs; 1 to 4096.</param>
    /// <param name="faults">Asked at each allocation.</param>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory.</exception>
    internal FlushEngine(TlbOptions options, int cpus, AllocationFaults faults)
        : this(options, cpus, faults, TlbGeometry.Of(options.Preset))
    {
    }

    /// <summary>The same with a geometry that no preset has.</summary>
    internal FlushEngine(TlbOptions options, int cpus, AllocationFaults faults, TlbGeometry geometry)
    {
        Debug.Assert(options.ContextSlots is > 0 and <= CpuTlb.MaxSlots, "Context slots out of range.");
        Options = options;
        _faults = faults;
        nuint stride = CpuTlb.BytesOf(in geometry);
        nuint length = stride * (nuint)cpus;
        _memory = Reservation.Reserve(length);
        if (faults.Strikes() || !_memory.TryCommit(0, length))
        {
            _memory.Dispose();
            throw new OutOfNativeMemoryException($"The host refuses {length} bytes for the TLBs of {cpus} CPUs.");
        }

        _memory.PreferSmallPages();
        _cpus = new CpuTlb[cpus];
        _counters = new TlbCounters[cpus];
        _cycles = new long[cpus];
        _costs = TlbCosts.Of(options.Costs, options.Shootdown, cpus);
        _log = options.LogCapacity == 0 ? null : new FlushLog(options.LogCapacity);
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            _cpus[cpu] = new CpuTlb(this, cpu, _memory.Base + (stride * (nuint)cpu), in geometry, options);
        }
    }

    /// <summary>What the TLBs are like.</summary>
    internal TlbOptions Options { get; }

    /// <summary>Words of a mask of CPUs.</summary>
    internal int MaskWords => (CpuCount + WordBits - 1) / WordBits;

    /// <summary>CPUs of the machine.</summary>
    internal int CpuCount => _cpus.Length;

    /// <summary>A fault that a test has planted; none where no test may.</summary>
    /// <exception cref="InvalidOperationException">It is set where <see cref="PlantedBugSwitch"/> is off.</exception>
    internal PlantedBug Bug
    {
        get => PlantedBugSwitch.IsOn ? _bug : PlantedBug.None;
        set => _bug = Planted(value);
    }

    /// <summary>A flush that is left out, to show that something notices; null for none.</summary>
    /// <exception cref="InvalidOperationException">It is set where <see cref="PlantedBugSwitch"/> is off.</exception>
    internal FlushSite? Dropped
    {
        get => PlantedBugSwitch.IsOn ? _dropped : null;
        set => _dropped = Planted(value);
    }

    /// <summary>Flushes left out.</summary>
    internal int DroppedFlushes { get; private set; }

    /// <summary>
    /// Whether requests stay in their queues until they are drained, for tests that want them to meet there.
    /// </summary>
    internal bool HoldsRequests { get; set; }

    /// <summary>Whether an invalidation reaches all CPUs in hardware (arm64).</summary>
    internal bool IsArm => Options.Shootdown is ShootdownKind.ArmBroadcast or ShootdownKind.ArmLocal;

    /// <summary>A CPU's TLB.</summary>
    internal CpuTlb this[int cpu] => _cpus[cpu];

    /// <summary>Checks that flushes come in time; null where checks are off.</summary>
    internal TranslationOracle? Oracle { get; set; }

    /// <summary>Makes all CPUs forget a range; when it returns, none can use what was there before the call.</summary>
    /// <param name="site">Which of the engine's flushes this is.</param>
    /// <param name="cpu">The initiating CPU.</param>
    /// <param name="kernelThread">Whether a kernel thread (ksmd, kswapd) calls, so that the CPU is lazy.</param>
    /// <param name="mm">The address space.</param>
    /// <param name="firstPage">First page.</param>
    /// <param name="pages">Pages; <see cref="All"/> for all there are.</param>
    /// <param name="strideShift">
    /// Binary logarithm of the pages that an entry stands for: 0, or 9 for huge mappings and tables.
    /// </param>
    /// <param name="freedTables">Whether page tables are about to be freed: lazy CPUs are told, too.</param>
    internal void Flush(
        FlushSite site,
        int cpu,
        bool kernelThread,
        SpaceTranslations mm,
        ulong firstPage,
        ulong pages,
        int strideShift,
        bool freedTables)
    {
        if (IsDropped(site))
        {
            return;
        }

        if (kernelThread)
        {
            _cpus[cpu].BeginKernelThread();
        }

        // The caller has changed the page table. Then the generation, by a full fence; then the mask, and what each CPU
        // has loaded. A CPU that comes meanwhile enters the mask, by a full fence, and then reads the generation: one
        // of the two sees the other.
        ulong generation = Bug == PlantedBug.NoGeneration ? mm.Generation : mm.NextGeneration();
        int limit = IsArm ? Options.ArmRangeLimit - 1 : Options.SinglePageCeiling;
        bool whole = pages == All || pages >> strideShift > (ulong)limit;
        FlushRequest request = new(
            mm, mm.ContextId, whole ? 0 : firstPage, whole ? All : pages, strideShift, generation, cpu,
            RequestKind.Interrupt);
        Range killed = new(request.ContextId, firstPage, pages);
        if (IsArm)
        {
            FlushByBroadcast(in request, in killed);
        }
        else if (mm.GlobalAsid != 0 && !mm.IsInTransition)
        {
            FlushByInvlpgb(in request, in killed);
        }
        else
        {
            FlushByInterrupts(in request, in killed, freedTables);
        }

        if (OracleSwitch.IsOn)
        {
            Oracle?.Flushed((uint)mm.ContextId, pages == All ? 0 : firstPage, pages == All ? All >> 1 : pages);
        }
    }

    /// <summary>A kernel thread leaves a CPU: what ran there before goes on.</summary>
    internal void EndKernelThread(int cpu) => _cpus[cpu].EndKernelThread();

    /// <summary>
    /// R6, before a page table is looked at under its latch: flushes the address space if a batch may owe a flush for
    /// it, so that an empty or read-only entry means what it says.
    /// </summary>
    internal void CheckPending(int cpu, bool kernelThread, SpaceTranslations mm)
    {
        if (mm.OwesBatched(out int seen))
        {
            Note(new FlushEvent(FlushEventKind.PendingFound, cpu, cpu, mm.ContextId));
            Flush(FlushSite.PendingChecked, cpu, kernelThread, mm, 0, All, 0, freedTables: true);
            mm.MarkFlushed(seen);
        }
    }

    /// <summary>Flushes pages of the kernel's own range, on all CPUs.</summary>
    internal void FlushKernel(int cpu, ulong firstPage, ulong pages)
    {
        bool whole = pages > (ulong)Options.SinglePageCeiling;
        FlushRequest request = new(null, 0, firstPage, whole ? All : pages, 0, 0, cpu, RequestKind.Kernel);
        Note(EventOf(FlushEventKind.KernelFlush, in request) with { Value = CpuCount - 1 });
        Thread current = Thread.CurrentThread;
        foreach (CpuTlb target in _cpus)
        {
            _ = Send(target, in request, current);
        }
    }

    /// <summary>Throws if an invariant does not hold. No thread but the caller uses the machine.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken; the message names it.</exception>
    internal void Validate()
    {
        foreach (CpuTlb cpu in _cpus)
        {
            cpu.Validate();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        DisposeQueues();
        _memory.Dispose();
    }

    /// <summary>R3: one operation for the address spaces of a batch, whichever its CPUs have loaded.</summary>
    /// <param name="cpu">The CPU that acts.</param>
    /// <param name="kernelThread">Whether a kernel thread calls.</param>
    /// <param name="mask">CPUs that may hold anything.</param>
    /// <param name="site">Which of the engine's flushes this is.</param>
    /// <param name="isNamed">Whether the changes have named it.</param>
    internal void FlushBatch(int cpu, bool kernelThread, ReadOnlySpan<ulong> mask, FlushSite site, bool isNamed)
    {
        if (IsDropped(site))
        {
            return;
        }

        if (kernelThread)
        {
            _cpus[cpu].BeginKernelThread();
        }

        int width = WidthOf(mask, cpu);
        FlushRequest request = new(null, 0, 0, All, 0, 0, cpu, RequestKind.Interrupt);
        Note(EventOf(FlushEventKind.BatchFlush, in request) with { Value = width });
        Range killed = new(0, 0, All);
        if (IsArm)
        {
            // What the batch has unmapped was broadcast page by page; this waits for it.
            Note(new FlushEvent(FlushEventKind.Sync, cpu, cpu));
            Charge(cpu, _costs.Sync);
            WaitForSections(mask, in killed);
        }
        else if (Options.Shootdown == ShootdownKind.Invlpgb)
        {
            // All that is not global, everywhere.
            Note(new FlushEvent(FlushEventKind.Broadcast, cpu, cpu, Value: 1));
            Note(new FlushEvent(FlushEventKind.Sync, cpu, cpu));
            Charge(cpu, _costs.Broadcast + _costs.Sync);
            FlushRequest everywhere = request with { Kind = RequestKind.Broadcast };
            Thread current = Thread.CurrentThread;
            foreach (CpuTlb target in _cpus)
            {
                _ = target.Deliver(in everywhere, current, out _);
            }

            WaitForSections(mask, in killed);
        }
        else
        {
            FlushMask(mask, in request, in killed, isAlone: width == 0, toAll: false, trims: false);
        }

        if (OracleSwitch.IsOn)
        {
            Oracle?.BatchFlushed(isNamed ? site : null);
        }
    }

    /// <summary>Arm: invalidates a page on all CPUs at the time that a batch unmaps it, and does not wait.</summary>
    internal void BroadcastUnmapped(int cpu, SpaceTranslations mm, ulong generation, ulong page)
    {
        FlushRequest request = new(
            mm, mm.ContextId, page == All ? 0 : page, page == All ? All : 1, 0, generation, cpu, RequestKind.Broadcast);
        Note(new FlushEvent(FlushEventKind.Broadcast, cpu, cpu, mm.ContextId, Value: 1));
        Charge(cpu, _costs.Broadcast);
        Span<ulong> mask = stackalloc ulong[mm.MaskWords];
        mm.CopyMask(mask);
        DeliverAll(mask, in request);
    }

    /// <summary>A barrier on all threads of the process.</summary>
    internal static void Barrier() => Interlocked.MemoryBarrierProcessWide();

    private static T Planted<T>(T what) => PlantedBugSwitch.IsOn
        ? what
        : throw new InvalidOperationException("No bug can be planted: the switch FastKsm.Tlb.PlantedBugs is off.");

    private bool IsDropped(FlushSite site)
    {
        bool drops = site == Dropped;
        if (drops)
        {
            DroppedFlushes++;
        }

        return drops;
    }

    private void FlushByInterrupts(in FlushRequest request, in Range killed, bool freedTables)
    {
        SpaceTranslations mm = request.Mm!;
        Span<ulong> mask = stackalloc ulong[mm.MaskWords];
        mm.CopyMask(mask);
        int width = WidthOf(mask, request.Initiator);
        Note(EventOf(FlushEventKind.RangeFlush, in request) with { Value = width });
        bool inTransition = mm.IsInTransition;
        bool toAll = (freedTables && Bug != PlantedBug.LazySkippedForTables) || inTransition;

        bool trims = width != 0 && mm.TryTrim();
        FlushMask(mask, in request, in killed, isAlone: width == 0, toAll, trims);
        if (Options.Shootdown == ShootdownKind.Invlpgb && width != 0)
        {
            GoGlobal(mm, mask, inTransition);
        }
    }

    // Tells the CPUs of a mask, and waits for those that are inside the range.
    private void FlushMask(
        ReadOnlySpan<ulong> mask, in FlushRequest request, in Range killed, bool isAlone, bool toAll, bool trims)
    {
        Thread current = Thread.CurrentThread;
        CpuTlb own = _cpus[request.Initiator];
        bool isWaited = false;
        int interrupts = 0;
        for (int word = 0; word < mask.Length; word++)
        {
            for (ulong left = mask[word]; left != 0; left &= left - 1)
            {
                CpuTlb target = _cpus[(word * WordBits) + BitOperations.TrailingZeroCount(left)];

                // A CPU that is not told either holds nothing that it can use before it has looked at the generation,
                // or it is taken for lazy on account of a kernel thread, and a driver beside may still be inside.
                isWaited |= target.MayBeUsedBeside(current);
                if (target == own || !target.IsTargetOf(in request, toAll, trims) || Bug == PlantedBug.NotSent)
                {
                    continue;
                }

                if (Options.Shootdown == ShootdownKind.Paravirtual && target.TryFlushOnEntry())
                {
                    Note(EventOf(FlushEventKind.EntryAsked, in request) with { Cpu = target.Number });
                    continue;
                }

                isWaited |= Send(target, in request, current);
                interrupts++;
            }
        }

        // With no other CPU in the mask, this one's handler runs if it has the address space loaded, lazy or not.
        bool isInMask = (mask[own.Number / WordBits] >> (own.Number % WordBits) & 1) != 0;
        bool runsHere = isInMask
            && (isAlone ? own.HasLoaded(in request) : own.IsTargetOf(in request, toAll, trims))
            && Bug != PlantedBug.NotSent;
        if (runsHere)
        {
            isWaited |= own.Deliver(in request, current, out _);
        }

        ChargeFlush(in request, interrupts, runsHere);
        if (isWaited)
        {
            WaitForSections(mask, in killed);
        }
    }

    // A request to one CPU, with its interrupt if it needs one.
    private bool Send(CpuTlb target, in FlushRequest request, Thread current)
    {
        bool waits = target.Deliver(in request, current, out bool needsInterrupt);
        if (target.Number != request.Initiator)
        {
            FlushEvent sent = EventOf(FlushEventKind.Request, in request);
            Note(sent with { Cpu = target.Number, Value = needsInterrupt ? 1 : 0 });
        }

        return waits;
    }

    private void WaitForSections(ReadOnlySpan<ulong> mask, in Range killed)
    {
        if (Bug == PlantedBug.NoWait)
        {
            return;
        }

        // All targets' flags are set. A target stores its section, then loads its flag. After this barrier either the
        // store is seen below, or the load comes after the flag: without it, a target whose store still waits in its
        // processor could load the old flag and go on, and its section would be missed below.
        if (Bug != PlantedBug.NoBarrier)
        {
            if (Options.Fence == AccessFence.ProcessWideBarrier)
            {
                Barrier();
            }
            else
            {
                // The target has a full fence of its own between the two; this is the other half.
                Interlocked.MemoryBarrier();
            }
        }

        Thread current = Thread.CurrentThread;
        for (int word = 0; word < mask.Length; word++)
        {
            for (ulong left = mask[word]; left != 0; left &= left - 1)
            {
                CpuTlb target = _cpus[(word * WordBits) + BitOperations.TrailingZeroCount(left)];
                if (target.MayBeUsedBeside(current))
                {
                    target.WaitForSection(killed.ContextId, killed.FirstPage, killed.Pages);
                }
            }
        }
    }

    private static int WidthOf(ReadOnlySpan<ulong> mask, int cpu)
    {
        int width = 0;
        for (int word = 0; word < mask.Length; word++)
        {
            ulong mine = word == cpu / WordBits ? 1UL << (cpu % WordBits) : 0;
            width += BitOperations.PopCount(mask[word] & ~mine);
        }

        return width;
    }

    /// <summary>What a flush kills, for which sections it waits.</summary>
    private readonly record struct Range(ulong ContextId, ulong FirstPage, ulong Pages);
}
