using System.Diagnostics;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <summary>What a CPU remembers of page tables, and the requests of other CPUs to forget.</summary>
/// <remarks>
/// A thread drives the CPU, one at a time; accesses and switches are the driver's. What others want of the CPU stands
/// in its queue, and the driver does it before it uses the TLB again; for a CPU without a driver, or that the asking
/// thread itself drives, that thread does it at once. State but for the driver's own line changes under the latch,
/// which is held for nanoseconds and under which no thread waits. Thread safety: members named for the driver are the
/// driver's; all others may be called concurrently.
/// </remarks>
internal sealed unsafe partial class CpuTlb
{
    /// <summary>Address spaces whose translations a CPU can hold at once.</summary>
    internal const int MaxSlots = TlbOptions.MostContextSlots;

    private const int NoSlot = -1;
    private const ulong Switching = ulong.MaxValue;

    private readonly CpuTlbState* _state;
    private readonly TranslationCache _cache;
    private readonly FlushEngine _engine;
    private readonly int _slots;
    private readonly bool _clearsMaskAtSwitch;
    private Thread? _driver;

    // Under the latch.
    private SpaceTranslations? _running;
    private SpaceTranslations? _loaded;
    private int _loadedSlot = NoSlot;
    private int _nextSlot;

    internal CpuTlb(FlushEngine engine, int number, byte* memory, in TlbGeometry geometry, TlbOptions options)
    {
        Number = number;
        _engine = engine;
        _state = (CpuTlbState*)memory;
        uint seed = options.Replacement == TlbReplacement.Random
            ? unchecked(((uint)options.Seed * 2654435761u) + (uint)number) | 1u : 0u;
        _cache = TranslationCache.Place(memory + sizeof(CpuTlbState), in geometry, seed);
        _slots = options.ContextSlots;
        _clearsMaskAtSwitch = options.ClearsMaskAtSwitch;
        _state->Tag = TranslationCache.NoTag;
        _state->Pending = options.Fence == AccessFence.FullFence ? (int)Pending.Fence : 0;
    }

    /// <summary>Number of the CPU.</summary>
    internal int Number { get; }

    /// <summary>The thread that drives it, as far as it still runs; null if there is none.</summary>
    internal Thread? Driver => Volatile.Read(ref _driver) is { IsAlive: true } driver ? driver : null;

    /// <summary>The address space that it runs; null when it is idle. A moment's state, but for the driver.</summary>
    internal SpaceTranslations? Running => _running;

    /// <summary>Whether it is idle or runs a kernel thread.</summary>
    internal bool IsLazy => Volatile.Read(ref _state->IsLazy) != 0;

    /// <summary>The translations; the driver's, or those of a CPU at rest.</summary>
    internal TranslationCache Cache => _cache;

    /// <summary>Bytes that a CPU needs, a multiple of the distance that keeps CPUs off each other's lines.</summary>
    internal static nuint BytesOf(in TlbGeometry geometry)
    {
        nuint bytes = (nuint)sizeof(CpuTlbState) + TranslationCache.BytesOf(in geometry);
        return (bytes + Sizes.FalseSharingStride - 1) & ~(nuint)(Sizes.FalseSharingStride - 1);
    }

    /// <summary>A thread becomes the driver. The caller has seen to it that no other thread is.</summary>
    internal void BeginDriving(Thread driver)
    {
        Debug.Assert(Driver is null || Driver == driver, "Another thread drives the CPU.");
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);

        // Left behind, if at all, by a driver that has ended.
        Volatile.Write(ref _state->Section, 0);
        HandleAll(returns: true);
        Volatile.Write(ref _driver, driver);
        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
    }

    /// <summary>The driver leaves: from here on, other threads do what they want of this CPU.</summary>
    internal void EndDriving()
    {
        Debug.Assert(_state->Section == 0, "A driver left inside an access.");
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
        HandleAll(returns: true);
        Volatile.Write(ref _driver, null);
        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
    }

    /// <summary>
    /// The driver switches to an address space; null to be idle, where the CPU keeps what it has loaded (lazy).
    /// </summary>
    internal void SwitchTo(SpaceTranslations? next)
    {
        Debug.Assert(_state->Section == 0, "A switch inside an access.");
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);

        // Interrupts that wait come before the switch; what ran before a kernel thread does not come back first.
        HandleAll(returns: false);
        _running = next;
        if (next is null)
        {
            Volatile.Write(ref _state->IsLazy, _loaded is null ? 0 : 1);
        }
        else
        {
            Load(next);
        }

        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
    }

    /// <summary>A kernel thread takes the CPU: until it is left, the CPU counts as lazy.</summary>
    internal void BeginKernelThread()
    {
        if (IsLazy)
        {
            // Should the driver go on at this very moment, a flush of the caller's sees it as running, or it sees the
            // new generation.
            return;
        }

        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
        if (_state->IsLazy == 0 && _loaded is not null)
        {
            Volatile.Write(ref _state->IsLazy, 1);
            if (_running is not null)
            {
                Raise(Pending.Return);
            }
        }

        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
    }

    /// <summary>The kernel thread leaves the CPU; if another thread drives it, that one goes on by itself.</summary>
    internal void EndKernelThread()
    {
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
        if (!IsDrivenByAnother(Thread.CurrentThread))
        {
            HandleAll(returns: true);
        }

        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
    }

    // The current thread may do the driver's work: there is no driver, or it is this thread. Under the latch, so that
    // none comes.
    private bool IsDrivenByAnother(Thread current) =>
        Volatile.Read(ref _driver) is { } driver && driver != current && driver.IsAlive;

    private void Load(SpaceTranslations next)
    {
        if (_loaded == next && _state->LoadedContext == next.ContextId)
        {
            GoOn(next);
            return;
        }

        // A flush that looks for targets, and finds neither old nor new loaded, takes this CPU for one.
        Volatile.Write(ref _state->LoadedContext, Switching);
        Volatile.Write(ref _state->IsLazy, 0);
        if (_clearsMaskAtSwitch && _loaded is { } old && old != next)
        {
            old.ClearCpu(Number);
        }

        ulong generation = 0;
        if (_engine.Bug == PlantedBug.MaskSetLate)
        {
            generation = next.Generation;
            Thread.Yield();
        }

        // In the mask, by a full fence, and only then the generation. A flush raises the generation, by a full fence,
        // and only then reads mask and loaded context. So the flush finds this CPU, or this CPU finds the flush's
        // generation; were the two reads here the other way round, a flush in between would do neither.
        next.SetCpu(Number);
        if (_engine.Bug != PlantedBug.MaskSetLate)
        {
            generation = next.Generation;
        }

        ulong context = next.ContextId;
        int slot = SlotOf(context);
        bool flush = slot == NoSlot
            || (_state->Contexts[slot].Generation < generation && _engine.Bug != PlantedBug.NoCompareAtSwitch);
        if (slot == NoSlot)
        {
            slot = _nextSlot;
            _nextSlot = (_nextSlot + 1) % _slots;
        }

        if (flush || _slots == 1)
        {
            flush = true;
            _ = _cache.FlushSlot(slot);
            _state->Contexts[slot] = new ContextSlot(context, generation);
        }

        _loaded = next;
        _loadedSlot = slot;
        _state->Tag = _cache.TagOf(slot);
        Volatile.Write(ref _state->LoadedContext, context);
        _engine.NoteSwitch(Number, context, flush, generation);
    }

    // The address space that is loaded already.
    private void GoOn(SpaceTranslations next)
    {
        if (_state->IsLazy == 0)
        {
            return;
        }

        // Not lazy, a full fence, and only then the generation. A flush raises the generation, by a full fence, and
        // only then looks for lazy CPUs: it takes this CPU for a target, or this CPU finds the flush's generation.
        Volatile.Write(ref _state->IsLazy, 0);
        Interlocked.MemoryBarrier();
        ulong generation = next.Generation;
        ref ContextSlot slot = ref _state->Contexts[_loadedSlot];
        bool flush = slot.Generation < generation && _engine.Bug != PlantedBug.NoCompareAfterLazy;
        if (flush)
        {
            FlushLoaded(generation);
        }

        _engine.NoteSwitch(Number, next.ContextId, flush, generation);
    }

    // All of the loaded address space's translations go.
    private bool FlushLoaded(ulong generation)
    {
        bool held = _cache.FlushSlot(_loadedSlot);
        _state->Contexts[_loadedSlot].Generation = generation;
        _state->Tag = _cache.TagOf(_loadedSlot);
        return held;
    }

    // To the kernel's own page table: the CPU can neither use nor walk an address space's.
    private void LoadKernel()
    {
        Volatile.Write(ref _state->LoadedContext, 0);
        Volatile.Write(ref _state->IsLazy, 0);
        _loaded = null;
        _loadedSlot = NoSlot;
        _state->Tag = TranslationCache.NoTag;
        if (_running is not null)
        {
            Raise(Pending.Return);
        }
    }

    private int SlotOf(ulong context)
    {
        for (int slot = 0; slot < _slots; slot++)
        {
            if (_state->Contexts[slot].ContextId == context)
            {
                return slot;
            }
        }

        return NoSlot;
    }

    private void Raise(Pending what) => Volatile.Write(ref _state->Pending, _state->Pending | (int)what);
}
